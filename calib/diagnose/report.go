// SPDX-License-Identifier: Apache-2.0

package diagnose

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit/shard"
)

// A Report tells where a quantized network loses what it loses. It is plain data:
// encoding/json writes it and reads it back.
type Report struct {
	Network, Source, Platform string
	// Recipe tells everything that the recipe decides, in lines.
	Recipe string
	// ID is a hash of all that the shards of one diagnosis have in common, and Shard which
	// of them this is: see [Merge].
	ID    string
	Shard shard.Shard
	// Dataset has Images pictures, of which Sampled, evenly spread, gave the parity and
	// the leave-one-out scores.
	Dataset         string
	Images, Sampled int
	// Warnings is what a reader must not overlook: see [calib.Health.Warnings]
	// and [ParityLimit].
	Warnings      []string
	Preprocessing Preprocessing
	Parity        Parity
	// Exact scores the network in which nothing is rounded, All the quantized one.
	Exact, All Score
	// Tensors are the rounded tensors and the convolutions' weights, in the order of
	// the network.
	Tensors []Tensor
	// Units are the leave-one-out scores, level by level, in the order of the network.
	Units []Unit

	file string // that it was read from, or empty
}

// first says whether the report has all that is not a unit's: only the first shard does.
func (r *Report) first() bool { return r.Shard.Index <= 1 }

// Preprocessing tells what the network was given.
type Preprocessing struct {
	// Version is that of the code that decodes, resizes and normalizes.
	Version       string
	Width, Height int // in pixels
	// Channels are the normalized red, green and blue. Where pictures are normalized as
	// in training, means are near 0 and deviations near 1.
	Channels [3]Channel
	// Remarks are the data set's, on how it was read.
	Remarks []string
}

// A Channel is one channel of all normalized pictures.
type Channel struct{ Min, Max, Mean, Deviation float64 }

// Parity is what the recipe's transforms alone change of the logits: rounding of
// floating point, about 100 dB, where they are right.
type Parity struct {
	SQNR Decibels
	// Largest is the largest absolute difference of two logits, Agree the share of
	// pictures or pixels with the same largest logit.
	Largest, Agree float64
}

// A Score is how far a network's logits are from the exact network's.
type Score struct {
	SQNR Decibels
	// Metric is top-1 or mIoU as a fraction, nil where it was not asked for or the
	// logits are not finite.
	Metric *float64 `json:",omitempty"`
}

// A Tensor is a rounded tensor, or the weights of a convolution with the class
// "weights" and the convolution's name.
type Tensor struct {
	// Name is that of the tensor's grid ([calib.Quantized.GridName]), or of the
	// convolution.
	Name string
	// Class is that of the point that rounds the tensor, Role that of the operation
	// that makes it, or of the convolution, and Block the operation's module.
	Class, Role, Block string
	// Feeds has the role and name of each operation that reads the rounded tensor.
	Feeds []string
	// Readers has the names of these operations, for weights that of the convolution.
	Readers []string
	Grid    string
	// Values is how many there are, in all pictures; Min and Max are the exact ones.
	Values   int64
	Min, Max float32
	// Isolated is the SQNR of the exact tensor passed through its grid, or of the
	// rounded weights. Accumulated is that of the quantized network's tensor behind its
	// grid; for weights, that of the convolution's output before any grid. Both are
	// held against the exact network.
	Isolated, Accumulated Decibels
	// Saturated counts the quantized network's values, or the exact weights, that lie
	// more than half a step beyond the grid's ends; of a log2 grid those that would take
	// a code below the first or above the last.
	Saturated int64
	// Zeros counts the divisors that become the integer 0.
	Zeros int64
	// NotFinite counts the quantized network's values that are NaN or infinite, of
	// weights the outputs.
	NotFinite int64
	// Codes is how many codes the grid has, 0 where it does not tell, and Used how many
	// of them occur, in any filter.
	Codes, Used int
}

// Saturation returns the share of the values that saturate.
func (t *Tensor) Saturation() float64 { return float64(t.Saturated) / float64(max(t.Values, 1)) }

// Occupancy returns the share of the grid's codes that occur, 0 where the grid tells
// of none.
func (t *Tensor) Occupancy() float64 { return float64(t.Used) / float64(max(t.Codes, 1)) }

// A Unit is a part of what is rounded.
type Unit struct {
	Level Level
	Name  string
	// Role is that of an operation, or of the one that makes a tensor.
	Role string `json:",omitempty"`
	// Places counts the operands and weights that are rounded in the unit.
	Places int
	// Only scores the network in which nothing else is rounded, AllBut the one in which
	// all else is.
	Only, AllBut Score

	mask []bool
}

// Ranked returns the units of a level, the most sensitive first: the one whose
// rounding alone leaves the logits the lowest SQNR.
func (r *Report) Ranked(level Level) []Unit {
	var units []Unit
	for _, u := range r.Units {
		if u.Level == level {
			units = append(units, u)
		}
	}
	slices.SortStableFunc(units, func(a, b Unit) int { return cmp.Compare(a.Only.SQNR, b.Only.SQNR) })
	return units
}

// A Measure orders tensors by one number.
type Measure struct {
	Name string
	Of   func(t *Tensor) float64
	// HighIsBad says that a large number is the worse.
	HighIsBad bool
}

// Measures are what tensors are ordered by.
var Measures = []Measure{
	{"accumulated", func(t *Tensor) float64 { return float64(t.Accumulated) }, false},
	{"isolated", func(t *Tensor) float64 { return float64(t.Isolated) }, false},
	{"saturation", (*Tensor).Saturation, true},
	{"occupancy", (*Tensor).Occupancy, false},
}

// Sorted returns the tensors by a measure, the worst first.
func (r *Report) Sorted(m Measure) []Tensor {
	all := slices.Clone(r.Tensors)
	slices.SortStableFunc(all, func(a, b Tensor) int {
		if m.HighIsBad {
			a, b = b, a
		}
		return cmp.Compare(m.Of(&a), m.Of(&b))
	})
	return all
}

// ParityLimit is the SQNR in dB of the transformed network below which its transforms are
// warned of.
const ParityLimit = 60

// health returns the warnings, in the order of the network.
func (r *Report) health() []string {
	var all []string
	if r.Parity.SQNR < ParityLimit {
		all = append(all, fmt.Sprintf("the transforms change the network's function: the logits' SQNR is %s dB before anything is rounded", r.Parity.SQNR))
	}
	for i := range r.Tensors {
		t := &r.Tensors[i]
		h := calib.Health{Tensor: t.Name, Grid: t.Name, Class: t.Class, Feeds: t.Feeds, Counts: calib.Counts{Seen: t.Values, Saturated: t.Saturated, Zeros: t.Zeros, NotFinite: t.NotFinite}}
		all = append(all, h.Warnings(calib.SaturationLimit)...)
	}
	return all
}

// WriteTensors writes the tensors as CSV with a line of titles.
func (r *Report) WriteTensors(w io.Writer) error {
	rows := [][]string{strings.Split("name,class,role,block,feeds,grid,values,min,max,isolated dB,accumulated dB,saturated,zeros,not finite,codes,used", ",")}
	for _, t := range r.Tensors {
		rows = append(rows, []string{t.Name, t.Class, t.Role, t.Block, strings.Join(t.Feeds, "; "), t.Grid, fmt.Sprint(t.Values), fmt.Sprint(t.Min), fmt.Sprint(t.Max),
			exactly(float64(t.Isolated)), exactly(float64(t.Accumulated)), fmt.Sprint(t.Saturated), fmt.Sprint(t.Zeros), fmt.Sprint(t.NotFinite), strconv.Itoa(t.Codes), strconv.Itoa(t.Used)})
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// WriteUnits writes the leave-one-out scores as CSV with a line of titles. A metric
// that is not known is empty.
func (r *Report) WriteUnits(w io.Writer) error {
	rows := [][]string{strings.Split("level,name,role,places,only dB,all but dB,only metric,all but metric", ",")}
	for _, u := range r.Units {
		rows = append(rows, []string{string(u.Level), u.Name, u.Role, strconv.Itoa(u.Places), exactly(float64(u.Only.SQNR)), exactly(float64(u.AllBut.SQNR)), known(u.Only.Metric), known(u.AllBut.Metric)})
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// exactly writes a number so that it is read back to the bit.
func exactly(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func known(metric *float64) string {
	if metric == nil {
		return ""
	}
	return exactly(*metric)
}

// Shown is how many lines a table of [Report.String] has at most.
const Shown = 10

// Tables tells the recipe, the warnings, the worst tensors and the most sensitive units.
func (r *Report) Tables() table.Page {
	var s table.Writer
	s.WriteString(r.Recipe)
	fmt.Fprintf(&s, "%s on %d pictures of %s", r.Network, r.Images, r.Dataset)
	if !r.Shard.Whole() {
		fmt.Fprintf(&s, ", shard %s of the leave-one-out scores", r.Shard)
	}
	s.WriteString("\n")
	if r.first() {
		r.writeTensors(&s)
	}
	for _, level := range Levels {
		units := r.Ranked(level)
		if len(units) == 0 {
			continue
		}
		s.WriteString("\n")
		s.Words(string(level)+"\trole\tonly this dB\tall but this dB", func(row func(string, ...any)) {
			for _, u := range units[:min(Shown, len(units))] {
				row("%s\t%s\t%s\t%s", u.Name, u.Role, told(u.Only), told(u.AllBut))
			}
		})
	}
	return s.Page()
}

// String is the text of [Report.Tables], which ends with a line break.
func (r *Report) String() string { return r.Tables().String() }

// writeTensors tells the parity, the warnings and the worst tensors.
func (r *Report) writeTensors(s *table.Writer) {
	fmt.Fprintf(s, "transforms: the logits' SQNR is %s dB, %.2f %% agree; everything rounded: %s dB\n", r.Parity.SQNR, 100*r.Parity.Agree, told(r.All))
	for _, warning := range r.Warnings {
		fmt.Fprintf(s, "warning: %s\n", warning)
	}
	s.WriteString("\n")
	worst := r.Sorted(Measures[0])
	s.Words("tensor\tclass\tfeeds\tisolated dB\taccumulated dB\tsaturated %\tcodes used", func(row func(string, ...any)) {
		for _, t := range worst[:min(Shown, len(worst))] {
			row("%s\t%s\t%s\t%s\t%s\t%.3g\t%d of %d", t.Name, t.Class, strings.Join(t.Feeds, ", "), t.Isolated, t.Accumulated, 100*t.Saturation(), t.Used, t.Codes)
		}
	})
}

// told is a score in a table: decibels, and the metric in percent where it is known.
func told(s Score) string {
	if s.Metric == nil {
		return s.SQNR.String()
	}
	return fmt.Sprintf("%s (%.2f %%)", s.SQNR, 100**s.Metric)
}
