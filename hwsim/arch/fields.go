// SPDX-License-Identifier: Apache-2.0

package arch

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/integer"
)

// A field describes one value of a [Config]. Reading, writing, checking and the list of
// assumptions all use this table.
type field struct {
	path     string            // the name in YAML, with dots between the levels
	min, max float64           // the allowed range of a number
	words    []string          // the allowed words
	at       func(*Config) any // the field's address: an *int, a *float64 or a pointer to a word
	stated   string            // the source that states the preset's value, or empty
	assumed  string            // the reason of the preset's value where no source states it
}

// The sources of values.
const (
	companion = "the companion paper (ISCAS 2024): (8×8 + 8×8)×16"
	sectionV  = "Section V of the paper"
	sectionVI = "Section VI of the paper"
)

// fewest is the reason for the preset's number of an auxiliary unit; package trust tests
// it.
const fewest = "the fewest units with which B1-R224 loses no cycle, in any mode of depthwise convolutions"

// The limits keep every cycle count of a network within 63 bits (package workload bounds
// the network's side).
const (
	maxLanes  = 1 << 10
	maxCopies = 1 << 12
	maxRate   = 1 << 16
	maxKiB    = 1 << 20
)

var fields = []field{
	{path: "mat.lanes", min: 1, max: maxLanes, stated: companion, at: func(c *Config) any { return &c.MAT.Lanes }},
	{path: "mat.macs", min: 1, max: maxLanes, stated: companion, at: func(c *Config) any { return &c.MAT.MACs }},
	{path: "rmac.lanes", min: 1, max: maxLanes, stated: companion, at: func(c *Config) any { return &c.RMAC.Lanes }},
	{path: "rmac.macs", min: 1, max: maxLanes, stated: companion, at: func(c *Config) any { return &c.RMAC.MACs }},
	{path: "copies", min: 1, max: maxCopies, stated: companion, at: func(c *Config) any { return &c.Copies }},
	{path: "copies_share", words: texts(Shares()...), assumed: "the authors' cycle script divides all cycles by the copies, which fits output pixels best",
		at: func(c *Config) any { return &c.CopiesShare }},
	{path: "depthwise", words: texts(Reconfigured, ChannelParallel, Windowed), stated: sectionV, at: func(c *Config) any { return &c.Depthwise }},
	{path: "clock_mhz", min: 1, max: 5000, stated: sectionVI, at: func(c *Config) any { return &c.ClockMHz }},
	{path: "multiplier_bits", min: 1, max: 8, stated: sectionVI, at: func(c *Config) any { return &c.MultiplierBits }},
	{path: "pipeline_depth", min: 0, max: 1 << 10, assumed: "0, as the authors' formulas have it; eight chained MACs within the 5 ns of 200 MHz would need registers between them",
		at: func(c *Config) any { return &c.PipelineDepth }},
	{path: "multiplications_per_dsp", min: 1, max: 4, stated: sectionVI, at: func(c *Config) any { return &c.MultiplicationsPerDSP }},
	{path: "multiplications_per_dsp_4", min: 1, max: 8,
		assumed: "own estimate for 4-bit weights: three, 11 bits apart in the slice's 27-bit input, by one 8-bit activation; the bit in which two products overlap follows from the parity of the upper",
		at:      func(c *Config) any { return &c.MultiplicationsPerDSP4 }},
	{path: "division", words: texts(Log2Division, DividerDivision), stated: sectionV, at: func(c *Config) any { return &c.Division }},

	{path: "buffers.input.kib", min: 1, max: maxKiB, assumed: "holds every tensor of B1-R224, the largest of which has 784 KiB; all buffers fit the board's 4 MiB of block RAM",
		at: func(c *Config) any { return &c.Buffers.Input.KiB }},
	{path: "buffers.input.port_bytes", min: 1, max: maxRate, assumed: "what R-MAC reads in depthwise mode: lanes × MACs × copies",
		at: func(c *Config) any { return &c.Buffers.Input.PortBytes }},
	{path: "buffers.weight.kib", min: 1, max: maxKiB, assumed: "holds the weights of the largest layer of B1's trunk (256 KiB) twice",
		at: func(c *Config) any { return &c.Buffers.Weight.KiB }},
	{path: "buffers.weight.port_bytes", min: 1, max: maxRate, assumed: "one weight for every multiplier of one copy; copies that share pixels share weights",
		at: func(c *Config) any { return &c.Buffers.Weight.PortBytes }},
	{path: "buffers.output.kib", min: 1, max: maxKiB, assumed: "as large as the input buffer: the two change roles between layers",
		at: func(c *Config) any { return &c.Buffers.Output.KiB }},
	{path: "buffers.output.port_bytes", min: 1, max: maxRate, assumed: "as wide as the input buffer's port: the two buffers change roles between layers",
		at: func(c *Config) any { return &c.Buffers.Output.PortBytes }},
	{path: "buffers.divisor.kib", min: 1, max: maxKiB, assumed: "holds one head's divisors at 1024×2048 (8192 tokens of one byte)",
		at: func(c *Config) any { return &c.Buffers.Divisor.KiB }},
	{path: "buffers.divisor.port_bytes", min: 1, max: maxRate, assumed: "one divisor per copy",
		at: func(c *Config) any { return &c.Buffers.Divisor.PortBytes }},

	{path: "off_chip.mb_per_s", min: 1, max: 1e7, assumed: "the peak of a 64-bit DDR4-2400 module",
		at: func(c *Config) any { return &c.OffChip.MBPerS }},
	{path: "off_chip.latency_cycles", min: 0, max: 1e5, assumed: "0.5 µs, a round number for a DDR4 access through an interconnect",
		at: func(c *Config) any { return &c.OffChip.LatencyCycles }},

	{path: "auxiliary.sum_k", min: 1, max: maxRate, assumed: "one lane of channels, beside R-MAC",
		at: func(c *Config) any { return &c.Auxiliary.SumK }},
	{path: "auxiliary.log2", min: 1, max: maxRate, assumed: "one leading-one detector", at: func(c *Config) any { return &c.Auxiliary.Log2 }},
	{path: "auxiliary.shifter", min: 1, max: maxRate, assumed: fewest, at: func(c *Config) any { return &c.Auxiliary.Shifter }},
	{path: "auxiliary.dividers", min: 1, max: maxRate, assumed: "only where division is by dividers: one per lane",
		at: func(c *Config) any { return &c.Auxiliary.Dividers }},
	{path: "auxiliary.divider_interval", min: 1, max: 256, assumed: "only where division is by dividers: sequential ones, a bit of the 8-bit quotient in each cycle",
		at: func(c *Config) any { return &c.Auxiliary.DividerInterval }},
	{path: "auxiliary.divider_latency", min: 0, max: 1 << 10, assumed: "only where division is by dividers: until the last bit of the quotient",
		at: func(c *Config) any { return &c.Auxiliary.DividerLatency }},
	{path: "auxiliary.requantize", min: 1, max: maxRate, assumed: fewest + "; all copies together need 44 a cycle on average, and more in bursts",
		at: func(c *Config) any { return &c.Auxiliary.Requantize }},
	{path: "auxiliary.activation", min: 1, max: maxRate, assumed: fewest, at: func(c *Config) any { return &c.Auxiliary.Activation }},
	{path: "auxiliary.add", min: 1, max: maxRate, assumed: fewest, at: func(c *Config) any { return &c.Auxiliary.Add }},
	{path: "auxiliary.resize", min: 1, max: maxRate, assumed: "one interpolator: the paper's accelerator runs no segmentation head",
		at: func(c *Config) any { return &c.Auxiliary.Resize }},
	{path: "auxiliary.pool", min: 1, max: maxRate, assumed: "one adder per lane", at: func(c *Config) any { return &c.Auxiliary.Pool }},
	{path: "auxiliary.multiplier_bits", min: 2, max: integer.MaxMultiplierBits, assumed: "calib/INTEGER.md: a factor of 18 bits fits one DSP slice; one of 32 bits, as integer libraries commonly have, takes two",
		at: func(c *Config) any { return &c.Auxiliary.MultiplierBits }},
	{path: "auxiliary.accumulator_bits", min: 8, max: integer.MaxAccumulatorBits, assumed: "calib/INTEGER.md: one DSP slice takes 27 bits; a sum over the 1024 input channels of B1's widest layer has 25, and a frozen model proves its own",
		at: func(c *Config) any { return &c.Auxiliary.AccumulatorBits }},

	{path: "host.melements_per_s", min: 0, max: 1e9, assumed: "0 stands for unknown: an EfficientViT leaves no operation to a host",
		at: func(c *Config) any { return &c.HostMElementsPerS }},
}

// texts returns words as strings.
func texts[T ~string](words ...T) []string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	return list
}

// word returns the word at a field's pointer, nil for a number.
func word(at any) *string {
	switch v := at.(type) {
	case *Share:
		return (*string)(v)
	case *Depthwise:
		return (*string)(v)
	case *Division:
		return (*string)(v)
	}
	return nil
}

// allowed describes the allowed values of the field.
func (f *field) allowed() string {
	switch f.at(&Config{}).(type) {
	case *int:
		return fmt.Sprintf("a whole number from %.0f to %.0f", f.min, f.max)
	case *float64:
		return fmt.Sprintf("a number from %.0f to %.0f", f.min, f.max)
	}
	return fmt.Sprintf("one of %v", f.words)
}

// check returns an error unless the configuration's value of the field is allowed.
func (f *field) check(c *Config) error {
	ok := false
	switch v := f.at(c).(type) {
	case *int:
		ok = float64(*v) >= f.min && float64(*v) <= f.max
	case *float64:
		ok = *v >= f.min && *v <= f.max // the result is false for NaN
	default:
		ok = slices.Contains(f.words, *word(v))
	}
	if !ok {
		return fmt.Errorf("%s must be %s", f.text(c), f.allowed())
	}
	return nil
}

// text returns the configuration's value of the field as YAML writes it.
func (f *field) text(c *Config) string {
	switch v := f.at(c).(type) {
	case *int:
		return fmt.Sprint(*v)
	case *float64:
		return strconv.FormatFloat(*v, 'f', -1, 64)
	default:
		return *word(v)
	}
}

// setNumber stores a number, or returns an error with the allowed values.
func (f *field) setNumber(c *Config, x float64) error {
	switch v := f.at(c).(type) {
	case *int:
		if x != math.Trunc(x) || math.Abs(x) > 1<<53 {
			return fmt.Errorf("%v must be %s", x, f.allowed())
		}
		*v = int(x)
	case *float64:
		*v = x
	default:
		return fmt.Errorf("%v must be %s", x, f.allowed())
	}
	return f.check(c)
}

// setText stores a word, or returns an error with the allowed words.
func (f *field) setText(c *Config, s string) error {
	v := word(f.at(c))
	if v == nil {
		return fmt.Errorf("%q must be %s", s, f.allowed())
	}
	*v = s
	return f.check(c)
}

// Fields returns the paths of all fields as YAML has them, such as "mat.lanes".
func Fields() []string {
	paths := make([]string, len(fields))
	for i := range fields {
		paths[i] = fields[i].path
	}
	return paths
}

// With returns the configuration with one field changed. The field is named by
// its path in YAML; the value is an int, a float64, a string, a [Share], a
// [Depthwise] or a [Division]. The error names the field, the value and what is allowed.
func (c Config) With(path string, value any) (Config, error) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.path == path })
	if i < 0 {
		return c, fmt.Errorf("configuration: no field %q: have %s", path, strings.Join(Fields(), ", "))
	}
	f := &fields[i]
	var err error
	switch v := value.(type) {
	case int:
		err = f.setNumber(&c, float64(v))
	case float64:
		err = f.setNumber(&c, v)
	case string:
		err = f.setText(&c, v)
	case Share:
		err = f.setText(&c, string(v))
	case Depthwise:
		err = f.setText(&c, string(v))
	case Division:
		err = f.setText(&c, string(v))
	default:
		err = fmt.Errorf("%v (%T) must be %s", value, value, f.allowed())
	}
	if err != nil {
		return c, fmt.Errorf("configuration %q: %s: %w", c.Name, path, err)
	}
	return c, nil
}

// Scaled returns the configuration with one number multiplied by times, rounded up where
// the field takes whole numbers and kept within the field's range, and the new value as
// YAML writes it. ok is false where the field is not a number.
func (c Config) Scaled(path string, times float64) (scaled Config, value string, ok bool) {
	i := slices.IndexFunc(fields, func(f field) bool { return f.path == path })
	if i < 0 {
		return c, "", false
	}
	f := &fields[i]
	switch v := f.at(&c).(type) {
	case *int:
		*v = int(min(f.max, max(f.min, math.Ceil(float64(*v)*times))))
	case *float64:
		*v = min(f.max, max(f.min, *v*times))
	default:
		return c, "", false
	}
	return c, f.text(&c), true
}
