// SPDX-License-Identifier: Apache-2.0

package energy_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/energy"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/hwtest"
	"github.com/gotriovit/gotriovit/internal/hostile"
)

func paperRun(t testing.TB, change func(*arch.Config, *event.Options)) *event.Run {
	t.Helper()
	c, o := arch.ZCU102(), event.Options{Scope: hwsim.Backbone, Pipelines: hwsim.BothPipelines}
	if change != nil {
		change(&c, &o)
	}
	r, err := event.Simulate(hwtest.Network(t, "b1-r224"), c, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestDerivedTableIsComplete: every derived entry has its derivation. With these entries
// no energy of a run is unknown.
func TestDerivedTableIsComplete(t *testing.T) {
	for name, change := range map[string]func(*arch.Config, *event.Options){
		"preset":       nil,
		"dividers":     func(c *arch.Config, o *event.Options) { c.Division = arch.DividerDivision },
		"large buffer": func(c *arch.Config, o *event.Options) { c.Buffers.Weight.KiB = 1 << 20 },
	} {
		t.Run(name, func(t *testing.T) {
			r := paperRun(t, change)
			published, e := energy.Horowitz45nm().Price(r.Counts()), energy.Derived45nm().Price(r.Counts())
			known, _ := published.Known()
			if e.Unpriced() != 0 || !(e.Joules() > known) || published.Unpriced() == 0 {
				t.Errorf("%v J with %d events unpriced; the published entries know %v J, without %d events", e.Joules(), e.Unpriced(), known, published.Unpriced())
			}
			for i, p := range e.Parts {
				if derived := strings.HasPrefix(p.Source, "derived: "); derived != math.IsNaN(published.Parts[i].Each) {
					t.Errorf("%s: source %q, published %v pJ", p.Event, p.Source, published.Parts[i].Each)
				}
			}
		})
	}
}

func TestEnergyTableIsReadBack(t *testing.T) {
	for _, want := range []*energy.Table{energy.Horowitz45nm(), energy.Derived45nm()} {
		got, err := energy.Read("t.yaml", want.YAML())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

// TestPartialEnergyTable: the energy of an event that a file leaves out is unknown, not
// 0.
func TestPartialEnergyTable(t *testing.T) {
	table, err := energy.Read("t.yaml", []byte("version: 1\nname: a\nsource: b\nentries:\n- {event: off-chip byte, pj: 100, source: c}\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := paperRun(t, nil)
	e := table.Price(r.Counts())
	if known, _ := e.Known(); math.Abs(known-float64(r.Traffic.OffChip())*1e-10) > 1e-15 || !math.IsNaN(e.Joules()) || e.Unpriced() < r.MACs {
		t.Errorf("%v J known, %v in all, %d events unpriced", known, e.Joules(), e.Unpriced())
	}
	if !strings.Contains(e.String(), "\noff-chip byte: c\n") {
		t.Errorf("no source in\n%s", e)
	}
}

// TestPrintedEnergyStandsApart: the energy of a run's events stands beside the companion
// paper's number, which is not part of it.
func TestPrintedEnergyStandsApart(t *testing.T) {
	e := energy.Derived45nm().Price(paperRun(t, nil).Counts())
	if want := 2 * float64(e.Counts.PaperMACs) / 1e9 / e.Joules(); math.Abs(e.GOPSPerW()-want) > 1e-9*want {
		t.Errorf("%v GOPS/W, want %v", e.GOPSPerW(), want)
	}
	for _, want := range []string{"374.3 GOPS/W by the authors' count", "prints 105.1 GOPS/W [V] for EfficientViT-B1-R224"} {
		if !strings.Contains(e.String(), want) {
			t.Errorf("no %q in\n%s", want, e)
		}
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "table.yaml")
	if err := os.WriteFile(path, energy.Horowitz45nm().YAML(), 0o666); err != nil {
		t.Fatal(err)
	}
	if got, err := energy.ReadFile(path); err != nil || got.Name != energy.Horowitz45nm().Name {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := energy.ReadFile(path + ".absent"); err == nil || !strings.Contains(err.Error(), "table.yaml.absent") {
		t.Errorf("the error of an absent file does not name it: %v", err)
	}
}

func TestEnergyTableErrors(t *testing.T) {
	const head = "version: 1\nname: a\nsource: b\n"
	tests := []struct{ name, yaml, want string }{
		{"empty", "", `t.yaml: no version: the file must say "version: 1"`},
		{"two documents", head + "entries: []\n---\na: b\n", "t.yaml: 2 documents: an energy table is one"},
		{"list", "- a\n", `t.yaml:1: energy table: "- a" must be fields`},
		{"version", "version: 2\nname: a\nsource: b\nentries: []\n", `t.yaml:1: version: "2" must be 1`},
		{"no source", "version: 1\nname: a\nentries: []\n", "t.yaml:1: energy table: source is missing"},
		{"unknown field", head + "table: []\n", `t.yaml:4: energy table: no field "table": have version, name, source, entries`},
		{"no list", head + "entries: 3\n", `t.yaml:4: entries: "3" must be a list`},
		{"negative", head + "entries:\n- {event: off-chip byte, pj: -1}\n", `t.yaml:5: entries[0].pj: "-1" must be a number from 0 to 1000000000`},
		{"not a number", head + "entries:\n- {event: off-chip byte, pj: .nan}\n", `t.yaml:5: entries[0].pj: ".nan" must be a number from 0 to 1000000000`},
		{"unknown event", head + "entries:\n- {event: thought, pj: 1}\n",
			`t.yaml:5: entries[0].event: "thought" must be one of 8-bit multiplication, 32-bit accumulation, buffer byte, off-chip byte, 8 by 8 bits multiplied in auxiliary units, sum over K, log2 module, shifter, divider, requantization, activation, adder, resizer, pooling adder`},
		{"no size", head + "entries:\n- {event: buffer byte, pj: 1}\n", `t.yaml:5: entries[0]: "buffer byte": a buffer byte has a kib, and nothing else has`},
		{"half a KiB", head + "entries:\n- {event: buffer byte, kib: 1.5, pj: 1}\n", `t.yaml:5: entries[0].kib: 1.5 must be a whole number from 1 to 1048576`},
		{"twice", head + "entries:\n- {event: buffer byte, kib: 8, pj: 1}\n- {event: buffer byte, kib: 8, pj: 2}\n", `t.yaml:6: entries[1]: a second buffer byte of 8 KiB`},
		{"source", head + "entries:\n- {event: adder, pj: 1, source: 3}\n", `t.yaml:5: entries[0].source: "3" must be 1 to 200 bytes of printable text`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := energy.Read("t.yaml", []byte(test.yaml)); err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func FuzzReadEnergyTable(f *testing.F) {
	f.Add(energy.Derived45nm().YAML())
	f.Add([]byte("version: 1\nname: a\nsource: b\nentries:\n- {event: off-chip byte, pj: 1e2, source: c}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var table *energy.Table
		if err := hostile.Read(t, len(data), func() (err error) { table, err = energy.Read("t.yaml", data); return }); err != nil {
			if !strings.HasPrefix(err.Error(), "t.yaml:") {
				t.Errorf("does not name the file: %q", err)
			}
			return
		}
		again, err := energy.Read("t.yaml", table.YAML())
		if diff := cmp.Diff(table, again, cmpopts.EquateNaNs()); err != nil || diff != "" {
			t.Fatalf("written and read again: %v\n%s", err, diff)
		}
	})
}
