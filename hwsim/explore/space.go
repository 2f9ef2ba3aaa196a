// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/shard"
)

// A Space is the set of points to try: every workload on every combination of the axes.
// Where the engines of a copy differ from the base's, the auxiliary units change in
// proportion to the multipliers (arch.Config.ScaledUnits), except those that an axis
// varies.
type Space struct {
	// Base has the values of the fields that no axis varies.
	Base arch.Config
	Axes []Axis
	// Limits are the bounds of the configurations to try.
	Limits    Limits
	Workloads []*workload.Workload
	// Model estimates the configurations.
	Model hwsim.Model
	// Objectives are the objectives of the fronts on the survey's page; none means [FPS]
	// and [DSPs].
	Objectives []Objective
	// Shard is the part of the combinations to try; the zero value is all of them: see
	// [Merge].
	Shard shard.Shard
}

// An Axis is one field of the configuration and the values to try.
type Axis struct {
	// Field is the path in YAML, such as "mat.lanes"; arch.Fields lists them.
	Field string
	// Values are values that arch.Config.With takes.
	Values []any
}

// Over returns the axis of a field.
func Over(field string, values ...any) Axis { return Axis{Field: field, Values: values} }

// Limits bounds a configuration; a zero is no limit.
type Limits struct {
	// DSPs bounds the slices of engines and auxiliary units, LUTs the look-up tables of
	// their arithmetic.
	DSPs, LUTs int
	// BRAMs bounds the block RAMs of 36 Kbit for the buffers, BufferKiB the buffers'
	// capacity. arch.XCZU9EG has the numbers of the paper's chip.
	BRAMs, BufferKiB int
	// MBPerS bounds the off-chip bandwidth in 10⁶ bytes per second.
	MBPerS float64
}

// allow reports whether a configuration is within the limits.
func (l Limits) allow(c *arch.Config) bool {
	b := &c.Buffers
	kib := b.Input.KiB + b.Weight.KiB + b.Output.KiB + b.Divisor.KiB
	return (l.DSPs == 0 || c.DSPs() <= l.DSPs) &&
		(l.LUTs == 0 || c.LUTs() <= l.LUTs) &&
		(l.BRAMs == 0 || c.BRAMs() <= l.BRAMs) &&
		(l.BufferKiB == 0 || kib <= l.BufferKiB) &&
		(l.MBPerS == 0 || c.OffChip.MBPerS <= l.MBPerS)
}

// maxSize bounds a space, whose points are all kept.
const maxSize = 1 << 20

// size checks the space, numbers its shard, and returns the number of configurations per
// workload.
func (s *Space) size() (int, error) {
	if err := s.Base.Validate(); err != nil {
		return 0, fmt.Errorf("explore: %w", err)
	}
	if s.Limits.DSPs < 0 || s.Limits.LUTs < 0 || s.Limits.BRAMs < 0 || s.Limits.BufferKiB < 0 || !(s.Limits.MBPerS >= 0) {
		return 0, fmt.Errorf("explore: limits %+v: none may be below 0, which is no limit", s.Limits)
	}
	if s.Model.Prepare == nil {
		return 0, fmt.Errorf("explore: no model: closed.Model is one")
	}
	if len(s.Workloads) == 0 {
		return 0, fmt.Errorf("explore: no workloads: at least 1 is needed")
	}
	names := make(map[string]bool)
	for _, w := range s.Workloads {
		if names[w.Name] {
			return 0, fmt.Errorf("explore: two workloads %q", w.Name)
		}
		names[w.Name] = true
	}
	for _, o := range s.Objectives {
		if err := o.check(); err != nil {
			return 0, err
		}
	}
	var err error
	if s.Shard, err = s.Shard.Checked(); err != nil {
		return 0, fmt.Errorf("explore: %w", err)
	}
	if slices.Contains(s.Objectives, Energy) {
		for _, axis := range s.Axes {
			if err := pricedAxis(axis.Field); err != nil {
				return 0, err
			}
		}
	}
	size := 1
	fields := make(map[string]bool)
	for _, axis := range s.Axes {
		if fields[axis.Field] {
			return 0, fmt.Errorf("explore: two axes over %q", axis.Field)
		}
		fields[axis.Field] = true
		if len(axis.Values) == 0 {
			return 0, fmt.Errorf("explore: axis %q has no values: at least 1 is needed", axis.Field)
		}
		for _, v := range axis.Values {
			if _, err := s.Base.With(axis.Field, v); err != nil {
				return 0, fmt.Errorf("explore: axis %q: %w", axis.Field, err)
			}
		}
		if size *= len(axis.Values); size > maxSize/len(s.Workloads) {
			return 0, fmt.Errorf("explore: %d axes up to %q and %d workloads: more than %d points", len(fields), axis.Field, len(s.Workloads), maxSize)
		}
	}
	return size, nil
}

// hash identifies everything that the shards of the space have in common.
func (s *Space) hash() string {
	h := sha256.New()
	fmt.Fprintf(h, "%q %s %q %v\n", s.Model.ID, s.Base.YAML(), s.Axes, s.Limits)
	for _, w := range s.Workloads {
		fmt.Fprintf(h, "%+v\n", *w)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// at returns the configuration with the given index, the last axis varying fastest, and
// its values on the axes.
func (s *Space) at(index int) (arch.Config, []any, error) {
	values, fields := make([]any, len(s.Axes)), make([]string, len(s.Axes))
	for i := len(s.Axes) - 1; i >= 0; i-- {
		axis := &s.Axes[i]
		fields[i], values[i] = axis.Field, axis.Values[index%len(axis.Values)]
		index /= len(axis.Values)
	}
	c, err := configured(s.Base, fields, values)
	return c, values, err
}

// configured returns the base with values in fields. Its auxiliary units are in proportion
// to the multipliers, except those among the fields.
func configured(base arch.Config, fields []string, values []any) (arch.Config, error) {
	c := base
	set := func(those func(field string) bool) error {
		for i, field := range fields {
			if !those(field) {
				continue
			}
			var err error
			if c, err = c.With(field, values[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if err := set(func(string) bool { return true }); err != nil {
		return c, err
	}
	c = c.ScaledUnits(base)
	return c, set(func(field string) bool { return strings.HasPrefix(field, "auxiliary.") })
}
