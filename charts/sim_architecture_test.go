// SPDX-License-Identifier: Apache-2.0

package charts

import (
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/charts/internal/plot"
	"github.com/gotriovit/gotriovit/hwsim/arch"
)

func init() {
	drawings["sim_architecture"] = architectureData{architectureFixture()}
	drawings["sim_architecture_other"] = architectureData{otherFixture()}
}

// otherFixture has the alternatives of a configuration, and numbers and a name that
// need room.
func otherFixture() arch.Config {
	c := architectureFixture()
	c.Name = "an accelerator whose name says how it came about, and what it is for"
	c.MAT, c.RMAC, c.Copies = arch.Engine{Lanes: 1024, MACs: 1024}, arch.Engine{Lanes: 1024, MACs: 1024}, 4096
	c.Depthwise, c.Division, c.Auxiliary.Dividers = arch.ChannelParallel, arch.DividerDivision, 29
	return c
}

// architectureFixture has sizes that differ from one another, so that none can
// stand in another's place.
func architectureFixture() arch.Config {
	return arch.Config{
		Name: "an accelerator", MAT: arch.Engine{Lanes: 4, MACs: 6}, RMAC: arch.Engine{Lanes: 2, MACs: 3},
		Depthwise: arch.Reconfigured, Copies: 5, CopiesShare: arch.Channels, ClockMHz: 150,
		MultiplierBits: 8, MultiplicationsPerDSP: 2, MultiplicationsPerDSP4: 3, Division: arch.Log2Division,
		Buffers: arch.Buffers{
			Input: arch.Buffer{KiB: 11, PortBytes: 12}, Weight: arch.Buffer{KiB: 13, PortBytes: 14},
			Output: arch.Buffer{KiB: 15, PortBytes: 16}, Divisor: arch.Buffer{KiB: 17, PortBytes: 18},
		},
		OffChip:   arch.OffChip{MBPerS: 1900, LatencyCycles: 20},
		Auxiliary: arch.Auxiliary{SumK: 21, Log2: 22, Shifter: 23, Dividers: 1, DividerInterval: 1, Requantize: 24, Activation: 25, Add: 26, Resize: 27, Pool: 28, MultiplierBits: 18, AccumulatorBits: 27},
	}
}

// TestArchitecture looks in the drawing for the sizes of configurations.
func TestArchitecture(t *testing.T) {
	large := architectureFixture()
	large.RMAC, large.Copies, large.CopiesShare = arch.Engine{Lanes: 1, MACs: 1024}, 1, arch.Batch
	for _, test := range []struct {
		name   string
		config arch.Config
		title  string
		want   []string
		not    []string
	}{
		{"ZCU102", arch.ZCU102(), "2,048 multipliers on 1,024 DSPs reach 819.2 GOPS at 200 MHz, if they never wait",
			[]string{"8 lanes × 8 MACs", "this frame is there 16 times, which divide the output pixels of an operation",
				"19.2 GB/s, latency of 100 cycles", "port of 1,024 bytes per cycle"}, []string{"dividers"}},
		{"every size", architectureFixture(), "150 multipliers on 75 DSPs reach 45 GOPS at 150 MHz, if they never wait",
			[]string{"4 lanes × 6 MACs", "2 lanes × 3 MACs", "11 KiB", "12 bytes", "13 KiB", "14 bytes", "15 KiB", "16 bytes", "17 KiB", "18 bytes",
				"1.9 GB/s, latency of 20 cycles", "ΣK: 21", "log2: 22", "shifter: 23", "requantize: 24", "activation: 25", "adder: 26", "resizer: 27", "pool: 28", "output channels"}, nil},
		{"more than can be drawn", large, "1,048 multipliers on 524 DSPs reach 314.4 GOPS at 150 MHz, if they never wait",
			[]string{"1 lane × 1,024 MACs", "1 × 16 are drawn", "this frame is there once, a picture each"}, nil},
		{"alternatives", otherFixture(), "8.59e+09 multipliers on 4.29e+09 DSPs reach 2.58e+09 GOPS at 150 MHz, if they never wait", []string{"dividers: 29", "a quotient every 1 cycle", "as MAT: it has one mode"},
			[]string{"log2", "shifter", "all but depthwise", "|DW}", "or stay"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, err := Architecture(test.config)
			if err != nil {
				t.Fatal(err)
			}
			if f.Title() != test.title {
				t.Errorf("title is %q, want %q", f.Title(), test.title)
			}
			option := string(f.Option())
			for _, text := range test.want {
				if !strings.Contains(option, text) {
					t.Errorf("the option has no text %q", text)
				}
			}
			for _, text := range test.not {
				if strings.Contains(option, text) {
					t.Errorf("the option has the text %q", text)
				}
			}
		})
	}
	t.Run("invalid", func(t *testing.T) {
		c := arch.ZCU102()
		c.Copies = 0
		if _, err := Architecture(c); err == nil || !strings.Contains(err.Error(), "copies") {
			t.Errorf("no copies: error is %v, want one that names copies", err)
		}
	})
}

// TestArchitectureCells counts the cells of the engines.
func TestArchitectureCells(t *testing.T) {
	s := &sketch{}
	s.engine("MAT engine", "", arch.Engine{Lanes: 3, MACs: 20}, plot.Place{0, 0}, 190, 210, plot.Blue)
	if got, want := len(s.Boxes), 2+3*cellsDrawn; got != want {
		t.Fatalf("%d rectangles, want %d", got, want)
	}
	outer := s.Boxes[0]
	for _, b := range s.Boxes[2:] {
		for axis := range 2 {
			if lo, hi := b.Value[axis]-b.SymbolSize[axis]/2, b.Value[axis]+b.SymbolSize[axis]/2; lo < outer.Value[axis]-outer.SymbolSize[axis]/2 || hi > outer.Value[axis]+outer.SymbolSize[axis]/2 {
				t.Errorf("a cell from %g to %g leaves the engine", lo, hi)
			}
		}
	}
}
