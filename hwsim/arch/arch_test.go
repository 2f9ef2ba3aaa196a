// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/internal/hostile"
)

func TestZCU102(t *testing.T) {
	c := ZCU102()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	// Facts of Section VI and of the companion paper.
	if got := c.Multipliers(); got != 2048 {
		t.Errorf("%d multipliers, not 2048", got)
	}
	if got := c.EngineDSPs(); got != 1024 {
		t.Errorf("%d DSPs of the engines, not 1024", got)
	}
	if got := c.PeakGOPS(); math.Abs(got-819.2) > 1e-9 {
		t.Errorf("peak %v GOPS, not 819.2", got)
	}
	want := "Trio-ViT on ZCU102: (8×8 + 8×8)×16 at 200 MHz, 1024 + 592 DSPs, peak 819.2 GOPS"
	if got := c.String(); got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}

// TestEveryFieldHasOneOrigin: every value is stated by a source or assumed for a reason.
func TestEveryFieldHasOneOrigin(t *testing.T) {
	preset := ZCU102()
	assumed := make(map[string]bool)
	for _, a := range preset.Assumptions() {
		assumed[a.Field] = true
	}
	for _, f := range fields {
		if (f.stated == "") == (f.assumed == "") {
			t.Errorf("%s: stated %q and assumed %q: exactly one must be given", f.path, f.stated, f.assumed)
		}
		if assumed[f.path] != (f.stated == "") {
			t.Errorf("%s: listed as an assumption: %v, stated: %q", f.path, assumed[f.path], f.stated)
		}
	}
}

// TestFitsTheBoard: the preset fits the board's chip. For a design that does not fit, the
// missing resources are named.
func TestFitsTheBoard(t *testing.T) {
	large := ZCU102()
	large.Copies, large.Buffers.Input.KiB = 40, 1<<12
	for _, test := range []struct {
		c    Config
		want string
	}{
		{ZCU102(), ""},
		{large, "2520 of 4040 DSPs, 912 of 1410 block RAMs, 274080 of 338200 LUTs"},
	} {
		if got := XCZU9EG().Without(test.c); got != test.want {
			t.Errorf("%s lacks %q, want %q", test.c, got, test.want)
		}
	}
}

// TestAuxiliaryDSPs: DSP slices of the auxiliary units, by hand.
func TestAuxiliaryDSPs(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   int
	}{
		{"preset", func(*Config) {}, 16 * (21 + 8 + 8)},
		{"a factor of 32 bits, as integer libraries have, takes two slices", func(c *Config) { c.Auxiliary.MultiplierBits = 32 }, 16 * (2*21 + 8 + 2*8)},
		{"wide accumulators, too", func(c *Config) { c.Auxiliary.AccumulatorBits = 28 }, 16 * (2*21 + 8 + 8)},
		{"64 requantizers of 31-bit factors, 4096 of them", func(c *Config) {
			c.Auxiliary.Requantize, c.Auxiliary.MultiplierBits, c.Auxiliary.AccumulatorBits = 64, 31, 32
		}, 4096 + 16*(8+2*8)},
		{"half the copies", func(c *Config) { c.Copies = 8 }, 8 * (21 + 8 + 8)},
	} {
		c := ZCU102()
		test.change(&c)
		if got := c.AuxiliaryDSPs(); got != test.want || c.DSPs() != c.EngineDSPs()+test.want {
			t.Errorf("%s: %d slices, want %d; %d in all", test.name, got, test.want, c.DSPs())
		}
	}
}

// TestSlicesHoldTheirFactors: a product of two wide factors is the sum of the products of
// their parts. Each part fits a slice.
func TestSlicesHoldTheirFactors(t *testing.T) {
	for a := 1; a <= 64; a++ {
		for b := 1; b <= 64; b++ {
			n := slicesFor(a, b)
			if n != slicesFor(b, a) || n == 1 != (min(a, b) <= 18 && max(a, b) <= 27) {
				t.Errorf("%d by %d bits: %d slices, the other way %d", a, b, n, slicesFor(b, a))
			}
			if bits := n * 27 * 18; a*b > bits {
				t.Errorf("%d by %d bits do not fit %d slices", a, b, n)
			}
		}
	}
}

// TestPackedSums: as many products as PackedSums gives add up beside other sums without
// reaching them. One product more reaches them.
func TestPackedSums(t *testing.T) {
	for _, test := range []struct {
		bits, packed, want int
		exact              bool // the bound decides, and not the least number, 1
	}{{8, 2, 7, true}, {5, 2, 511, true}, {4, 3, 1, false}, {8, 1, 0, false}} {
		c := ZCU102()
		c.MultiplierBits, c.MultiplicationsPerDSP, c.MultiplicationsPerDSP4 = test.bits, test.packed, test.packed
		if got := c.PackedSums(); got != test.want {
			t.Errorf("%d of %d bits: %d products, want %d", test.packed, test.bits, got, test.want)
		}
		if !test.exact {
			continue
		}
		apart := uint((27 - 1 - test.bits) / (test.packed - 1))
		product := int64(1) << (test.bits - 1 + 7) // product of the two least codes
		fits := func(n int) bool {                 // the bits below bit `apart`, read as a signed number
			sum := int64(n) * product
			return sum<<(64-apart)>>(64-apart) == sum
		}
		if !fits(test.want) || fits(test.want+1) {
			t.Errorf("%d of %d bits: of %d products %v, of one more %v", test.packed, test.bits, test.want, fits(test.want), fits(test.want+1))
		}
	}
}

// TestLUTParts: the look-up tables of a small design, by hand.
func TestLUTParts(t *testing.T) {
	c := ZCU102()
	c.Copies, c.MAT, c.RMAC = 1, Engine{Lanes: 2, MACs: 8}, Engine{Lanes: 1, MACs: 4}
	c.Auxiliary = Auxiliary{SumK: 1, Log2: 1, Shifter: 1, Requantize: 1, Activation: 1, Resize: 1, Pool: 1, MultiplierBits: 18, AccumulatorBits: 27}
	parts := func(c Config) map[string]int {
		list := make(map[string]int)
		for _, p := range c.LUTParts() {
			list[p.Part] = p.N
		}
		return list
	}
	want := map[string]int{
		"MAT's sums":                    2 * (4*17 + 2*18 + 19 + 27),
		"R-MAC's sums":                  4 * 27,
		"operands of R-MAC's two modes": 2 * 12,              // two slices of three operands of 8 bits
		"requantization":                16 + 19 + 31 + 2*16, // shifts by 1, 4 and 16, two bounds
		"activation":                    3*16 + 27 + 30,      // a sum, two bounds, a shift
		"log2 module":                   15 * 27,             // 15 thresholds
		"shifter":                       8 + 11 + 23 + 2*8,   // shifts by 1, 4 and 16, two bounds
		"resizer":                       8 * 6 * 20,
		"sum over K":                    27,
		"pooling adder":                 27,
	}
	if diff := cmp.Diff(want, parts(c)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	second := c
	second.Depthwise = ChannelParallel
	if got, want := c.LUTs()-second.LUTs(), 4*27+24-27; got != want { // 4 products add up in their slices
		t.Errorf("R-MAC's mode takes %d, want %d", got, want)
	}
	single := c
	single.MultiplicationsPerDSP = 1
	if got := parts(single); got["MAT's sums"]+got["R-MAC's sums"]+got["operands of R-MAC's two modes"] != 0 {
		t.Errorf("slices of one multiplication add up themselves: %v", got)
	}
	short := c
	short.MAT.MACs = 7 // a packed slice adds up so many products
	if got := parts(short)["MAT's sums"]; got != 2*27 {
		t.Errorf("lanes of 7 MACs: %d, want their accumulators", got)
	}
}

// TestLineBufferLUTs: line buffers grow with the picture, by hand. 256 lanes have rows
// with a LUT for 8 pixels, and each of 8 MACs chooses between two or four positions of 8
// bits.
func TestLineBufferLUTs(t *testing.T) {
	for _, test := range []struct{ kernel, width, want int }{
		{3, 112, 256 * (2*14 + 64)}, {3, 1024, 256 * (2*128 + 64)}, {5, 28, 256 * (4*4 + 64)}, {1, 7, 0},
	} {
		if got := ZCU102().LineBufferLUTs(test.kernel, test.width); got != test.want {
			t.Errorf("a window of %d in a row of %d: %d, want %d", test.kernel, test.width, got, test.want)
		}
	}
}

func TestScaledUnits(t *testing.T) {
	c := ZCU102()
	if got := c.ScaledUnits(ZCU102()); got != c {
		t.Errorf("changed by itself: %+v", got.Auxiliary)
	}
	c.MAT.Lanes, c.RMAC.MACs = 16, 4 // 160 of 128 multipliers
	want := c
	want.Auxiliary = Auxiliary{SumK: 10, Log2: 2, Shifter: 5, Dividers: 20, DividerInterval: 8, DividerLatency: 8, Requantize: 27,
		Activation: 10, Add: 10, Resize: 2, Pool: 20, MultiplierBits: 18, AccumulatorBits: 27}
	if diff := cmp.Diff(want, c.ScaledUnits(ZCU102())); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestBRAMs(t *testing.T) {
	for _, test := range []struct {
		name string
		b    Buffer
		want int
	}{
		{"bytes decide", Buffer{KiB: 1024, PortBytes: 8}, 256},
		{"one more byte than a block", Buffer{KiB: 5, PortBytes: 1}, 2},
		{"the port decides", Buffer{KiB: 1, PortBytes: 1024}, 128},
		{"two rows of 128", Buffer{KiB: 1024, PortBytes: 1024}, 256},
		{"a row is not full", Buffer{KiB: 516, PortBytes: 1024}, 256},
		{"an odd port", Buffer{KiB: 1, PortBytes: 9}, 2},
		{"the divisor buffer", Buffer{KiB: 8, PortBytes: 16}, 2},
	} {
		if got := test.b.BRAMs(); got != test.want {
			t.Errorf("%s: %d block RAMs for %+v, not %d", test.name, got, test.b, test.want)
		}
	}
}

// TestBRAMsHold: the block RAMs hold the buffer and feed its port, and there is no row
// too many.
func TestBRAMsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Buffer{KiB: rapid.IntRange(1, maxKiB).Draw(t, "KiB"), PortBytes: rapid.IntRange(1, maxRate).Draw(t, "port")}
		n := b.BRAMs()
		if n*bramBytes < b.KiB*1024 || n*bramPortBytes < b.PortBytes {
			t.Fatalf("%d block RAMs do not hold %+v", n, b)
		}
		row := (b.PortBytes + bramPortBytes - 1) / bramPortBytes
		if n > row && (n-row)*bramBytes >= b.KiB*1024 {
			t.Fatalf("%d block RAMs: a row of %d less holds %+v too", n, row, b)
		}
	})
}

// TestDSPsByWidth: more of the narrower multipliers share a DSP.
func TestDSPsByWidth(t *testing.T) {
	for bits, want := range map[int]int{8: 1024, 5: 1024, 4: 683, 2: 683} {
		c := ZCU102()
		c.MultiplierBits = bits
		if got := c.EngineDSPs(); got != want {
			t.Errorf("%d bits: %d DSPs, want %d", bits, got, want)
		}
	}
}

func TestAssumptionsOfAChange(t *testing.T) {
	c := ZCU102()
	c.Copies, c.OffChip.MBPerS = 8, 9600
	got := make(map[string]string)
	for _, a := range c.Assumptions() {
		got[a.Field] = a.String()
	}
	want := map[string]string{
		"copies":            "copies = 8: changed from 16, which is stated in the companion paper (ISCAS 2024): (8×8 + 8×8)×16",
		"off_chip.mb_per_s": "off_chip.mb_per_s = 9600: changed from 19200, which is assumed: the peak of a 64-bit DDR4-2400 module",
	}
	for field, line := range want {
		if got[field] != line {
			t.Errorf("%s: %q, want %q", field, got[field], line)
		}
	}
	if line, ok := got["clock_mhz"]; ok {
		t.Errorf("the stated clock is listed: %s", line)
	}
}

func TestValidateNamesTheField(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"lanes", func(c *Config) { c.MAT.Lanes = 0 }, `configuration "x": mat.lanes: 0 must be a whole number from 1 to 1024`},
		{"NaN", func(c *Config) { c.ClockMHz = math.NaN() }, `configuration "x": clock_mhz: NaN must be a number from 1 to 5000`},
		{"share", func(c *Config) { c.CopiesShare = "rows" }, `configuration "x": copies_share: rows must be one of [pixels channels batch]`},
		{"name", func(c *Config) { c.Name = "a\nb" }, `configuration: name: "a\nb" must be 1 to 80 bytes of printable text without spaces around them`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := ZCU102()
			c.Name = "x"
			test.change(&c)
			if err := c.Validate(); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestReadOverridesThePreset(t *testing.T) {
	got, err := Read("small.yaml", []byte(`
version: 1
name: half the copies
copies: 8
clock_mhz: 1.875e2
copies_share: batch
rmac: {lanes: 4, macs: 16}
off_chip:
  mb_per_s: 96e2
`))
	if err != nil {
		t.Fatal(err)
	}
	want := ZCU102()
	want.Name, want.Copies, want.ClockMHz, want.CopiesShare = "half the copies", 8, 187.5, Batch
	want.RMAC = Engine{Lanes: 4, MACs: 16}
	want.OffChip.MBPerS = 9600
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestReadErrors(t *testing.T) {
	tests := []struct{ name, yaml, want string }{
		{"out of range", "version: 1\nmat:\n  lanes: 0\n", "f.yaml:3: mat.lanes: 0 must be a whole number from 1 to 1024"},
		{"fraction", "version: 1\ncopies: 1.5\n", "f.yaml:2: copies: 1.5 must be a whole number from 1 to 4096"},
		{"huge", "version: 1\ncopies: 18446744073709551615\n", "f.yaml:2: copies: 1.8446744073709552e+19 must be a whole number from 1 to 4096"},
		{"word for a number", "version: 1\ncopies: many\n", `f.yaml:2: copies: "many" must be a whole number from 1 to 4096`},
		{"number for a word", "version: 1\ncopies_share: 3\n", "f.yaml:2: copies_share: 3 must be one of [pixels channels batch]"},
		{"unknown word", "version: 1\ncopies_share: rows\n", "f.yaml:2: copies_share: rows must be one of [pixels channels batch]"},
		{"list for a number", "version: 1\ncopies: [1, 2]\n", `f.yaml:2: copies: "[1, 2]" must be a whole number from 1 to 4096`},
		{"not a number", "version: 1\nclock_mhz: .nan\n", `f.yaml:2: clock_mhz: ".nan" must be a number from 1 to 5000`},
		{"null", "version: 1\ncopies:\n", `f.yaml:2: copies: "" must be a whole number from 1 to 4096`},
		{"name over lines", "version: 1\nmat:\n  \"a\\nb\": 3\n", `f.yaml:3: "mat.a\nb": no such field: have lanes, macs`},
		{"unknown field", "version: 1\nbuffers:\n  input:\n    size: 3\n", "f.yaml:4: buffers.input.size: no such field: have kib, port_bytes"},
		{"unknown group", "version: 1\ndram: {}\n", "f.yaml:2: dram: no such field: have version, name, mat, rmac, copies, copies_share, depthwise, clock_mhz, multiplier_bits, pipeline_depth, multiplications_per_dsp, multiplications_per_dsp_4, division, buffers, off_chip, auxiliary, host"},
		{"value for a group", "version: 1\nmat: 8\n", `f.yaml:2: mat: "8" must be fields, each on its line`},
		{"list", "- version: 1\n", `f.yaml:1: configuration: "- version: 1" must be fields, each on its line`},
		{"version missing", "copies: 8\n", `f.yaml: no version: the file must say "version: 1"`},
		{"empty", "", `f.yaml: no version: the file must say "version: 1"`},
		{"other version", "version: 2\n", `f.yaml:1: version: "2" must be 1`},
		{"name", "version: 1\nname: 7\n", `f.yaml:2: name: "7" must be a string`},
		{"twice", "version: 1\ncopies: 8\ncopies: 9\n", `f.yaml:3: not YAML: mapping key "copies" already defined at [2:1]`},
		{"two documents", "version: 1\n---\nversion: 1\n", "f.yaml: 2 documents: a configuration is one"},
		{"no YAML", "version: [1\n", "f.yaml:1: not YAML: sequence end token ']' not found"},
		{"too long", strings.Repeat("#", 1<<17), "f.yaml: more than the 16384 bytes that are allowed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Read("f.yaml", []byte(test.yaml)); err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zcu102.yaml")
	want := ZCU102()
	if err := os.WriteFile(path, want.YAML(), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFile(path)
	if err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := ReadFile(path + ".absent"); err == nil || !strings.Contains(err.Error(), "zcu102.yaml.absent") {
		t.Errorf("the error of an absent file does not name it: %v", err)
	}
}

// drawConfig draws any configuration that Validate allows.
func drawConfig(t *rapid.T) Config {
	c := Config{Name: rapid.SampledFrom([]string{"a", "naïve: #1", `"quoted" \ back`, "8", "- x"}).Draw(t, "name")}
	for i := range fields {
		f := &fields[i]
		switch v := f.at(&c).(type) {
		case *int:
			*v = rapid.IntRange(int(f.min), int(f.max)).Draw(t, f.path)
		case *float64:
			*v = rapid.Float64Range(f.min, f.max).Draw(t, f.path)
		default:
			*word(v) = rapid.SampledFrom(f.words).Draw(t, f.path)
		}
	}
	return c
}

func TestWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawConfig(t)
		if err := want.Validate(); err != nil {
			t.Fatal(err)
		}
		got, err := Read("drawn.yaml", want.YAML())
		if err != nil {
			t.Fatalf("%v\n%s", err, want.YAML())
		}
		if got != want {
			t.Fatalf("(-want +got)\n%s", cmp.Diff(want, got))
		}
	})
}

// FuzzRead: a configuration that is read is valid, and is read back after it is written.
// The error for any other file is one line that names the file.
func FuzzRead(f *testing.F) {
	preset := ZCU102()
	f.Add(preset.YAML())
	f.Add([]byte("version: 1\ncopies: 8\nmat: {lanes: 16}\n"))
	f.Add([]byte("version: 1\nclock_mhz: 1e2\nrmac: &e {macs: 0x10}\nmat: *e\n"))
	f.Add([]byte("version: 1\nname: \"\\u00e9\"\n---\n- [\n"))
	f.Add([]byte("{version: 1, buffers: {input: {kib: 64}}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var c Config
		if err := hostile.Read(t, len(data), func() (err error) { c, err = Read("f.yaml", data); return }); err != nil {
			if !strings.HasPrefix(err.Error(), "f.yaml:") {
				t.Errorf("does not name the file: %q", err)
			}
			return
		}
		if err := c.Validate(); err != nil {
			t.Fatalf("read, but not valid: %v", err)
		}
		again, err := Read("again.yaml", c.YAML())
		if err != nil || again != c {
			t.Fatalf("written and read again: %v\n%s", err, cmp.Diff(c, again))
		}
	})
}

func TestWith(t *testing.T) {
	tests := []struct {
		path  string
		value any
		want  func(*Config)
		err   string // part of the error, empty for none
	}{
		{"mat.lanes", 16, func(c *Config) { c.MAT.Lanes = 16 }, ""},
		{"rmac.macs", 4.0, func(c *Config) { c.RMAC.MACs = 4 }, ""},
		{"clock_mhz", 187.5, func(c *Config) { c.ClockMHz = 187.5 }, ""},
		{"clock_mhz", 250, func(c *Config) { c.ClockMHz = 250 }, ""},
		{"copies_share", "batch", func(c *Config) { c.CopiesShare = Batch }, ""},
		{"copies_share", Channels, func(c *Config) { c.CopiesShare = Channels }, ""},
		{"depthwise", ChannelParallel, func(c *Config) { c.Depthwise = ChannelParallel }, ""},
		{"division", DividerDivision, func(c *Config) { c.Division = DividerDivision }, ""},
		{"division", "shift", nil, "division: shift must be one of [log2 dividers]"},
		{"copies_share", 3, nil, "copies_share: 3 must be one of [pixels channels batch]"},
		{"copies", 0, nil, "copies: 0 must be a whole number from 1 to 4096"},
		{"copies", 1.5, nil, "copies: 1.5 must be a whole number"},
		{"copies", math.NaN(), nil, "copies: NaN must be a whole number"},
		{"copies", "16", nil, `copies: "16" must be a whole number`},
		{"copies", true, nil, "copies: true (bool) must be a whole number"},
		{"lanes", 8, nil, `no field "lanes": have mat.lanes, mat.macs`},
	}
	for _, test := range tests {
		t.Run(fmt.Sprintf("%s=%v", test.path, test.value), func(t *testing.T) {
			got, err := ZCU102().With(test.path, test.value)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Fatalf("error %v, want %q", err, test.err)
				}
				return
			}
			want := ZCU102()
			test.want(&want)
			if err != nil || got != want {
				t.Errorf("%v, %v, want %v", got, err, want)
			}
		})
	}
}

// TestWithItself: every field can be set to its own value.
func TestWithItself(t *testing.T) {
	for i, path := range Fields() {
		c := ZCU102()
		var value any
		switch v := fields[i].at(&c).(type) {
		case *int:
			value = *v
		case *float64:
			value = *v
		default:
			value = *word(v)
		}
		if got, err := c.With(path, value); err != nil || got != c {
			t.Errorf("%s: %v", path, err)
		}
	}
}
