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

// A Report locates the accuracy loss of a quantized network. It is plain data:
// encoding/json writes it and reads it back.
type Report struct {
	Network, Source, Platform string
	// Recipe holds every decision of the recipe, in lines.
	Recipe string
	// ID is a hash of all inputs that the shards of one diagnosis share. Shard is the
	// report's shard: see [Merge].
	ID    string
	Shard shard.Shard
	// Dataset has Images pictures. Sampled of them, evenly spread, gave the parity and the
	// leave-one-out scores.
	Dataset         string
	Images, Sampled int
	// Warnings lists faults that a reader must not overlook: see [calib.Health.Warnings]
	// and [ParityLimit].
	Warnings      []string
	Preprocessing Preprocessing
	Parity        Parity
	// Exact scores the network in which nothing is rounded, All the quantized network.
	Exact, All Score
	// Tensors are the rounded tensors and the convolutions' weights, in the order of
	// the network.
	Tensors []Tensor
	// Units are the leave-one-out scores, level by level, in the order of the network.
	Units []Unit

	file string // path of the file from which the report was read, or empty
}

// first reports whether the report has everything beside the units: only the first shard's
// does.
func (r *Report) first() bool { return r.Shard.Index <= 1 }

// Preprocessing describes the pictures as the network reads them.
type Preprocessing struct {
	// Version is the version of the code that decodes, resizes and normalizes.
	Version       string
	Width, Height int // size of the pictures in pixels
	// Channels are the normalized red, green and blue. Where pictures are normalized as in
	// training, means are near 0 and deviations near 1.
	Channels [3]Channel
	// Remarks are the data set's remarks on how it was read.
	Remarks []string
}

// A Channel is one channel of all normalized pictures.
type Channel struct{ Min, Max, Mean, Deviation float64 }

// Parity is the change of the logits by the recipe's transforms alone. Where the
// transforms are right, only floating point rounds, and the SQNR is about 100 dB.
type Parity struct {
	SQNR Decibels
	// Largest is the largest absolute difference of two logits. Agree is the share of
	// pictures or pixels with the same largest logit.
	Largest, Agree float64
}

// A Score is the distance of a network's logits from the exact network's.
type Score struct {
	SQNR Decibels
	// Metric is top-1 or mIoU as a fraction. It is nil where it was not asked for or the
	// logits are not finite.
	Metric *float64 `json:",omitempty"`
}

// A Tensor is a rounded tensor, or the weights of a convolution with the class
// "weights" and the convolution's name.
type Tensor struct {
	// Name is the name of the tensor's grid ([calib.Quantized.GridName]), or of the
	// convolution.
	Name string
	// Class is the class of the point that rounds the tensor. Role is the role of the
	// operation that makes the tensor, or of the convolution. Block is that operation's
	// module.
	Class, Role, Block string
	// Feeds has the role and name of each operation that reads the rounded tensor.
	Feeds []string
	// Readers has the names of these operations alone. For weights it is the
	// convolution's.
	Readers []string
	Grid    string
	// Values is the number of values in all pictures. Min and Max are the exact network's.
	Values   int64
	Min, Max float32
	// Isolated is the SQNR of the exact tensor passed through its grid, or of the rounded
	// weights. Accumulated is the SQNR of the quantized network's tensor behind its grid;
	// for weights, of the convolution's output before any grid. The reference of both is
	// the exact network.
	Isolated, Accumulated Decibels
	// Saturated counts the quantized network's values, or the exact weights, that lie more
	// than half a step beyond the grid's ends. On a log2 grid it counts values whose code
	// would be below the first or above the last.
	Saturated int64
	// Zeros counts the divisors that become the integer 0.
	Zeros int64
	// NotFinite counts the quantized network's values that are NaN or infinite; for
	// weights, the convolution's outputs.
	NotFinite int64
	// Codes is the number of the grid's codes, 0 where the grid does not tell it. Used is
	// the number of codes that occur, in any filter.
	Codes, Used int
}

// Saturation returns the share of the values that saturate.
func (t *Tensor) Saturation() float64 { return float64(t.Saturated) / float64(max(t.Values, 1)) }

// Occupancy returns the share of the grid's codes that occur, 0 where Codes is 0.
func (t *Tensor) Occupancy() float64 { return float64(t.Used) / float64(max(t.Codes, 1)) }

// A Unit is a set of places that are left out together: a class, block, operation or
// tensor.
type Unit struct {
	Level Level
	Name  string
	// Role is the role of the operation, or of the operation that makes the tensor.
	Role string `json:",omitempty"`
	// Places counts the rounded operands and weights in the unit.
	Places int
	// Only scores the network in which nothing outside the unit is rounded, AllBut the
	// network in which everything outside it is.
	Only, AllBut Score

	mask []bool
}

// Ranked returns the units of a level, the most sensitive first. The most sensitive unit
// is the one whose rounding alone leaves the logits the lowest SQNR.
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
	// HighIsBad marks a measure whose large numbers are the worse.
	HighIsBad bool
}

// Measures lists the measures by which tensors can be sorted.
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

// ParityLimit is the SQNR in dB of the transformed network below which the report warns of
// its transforms.
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

// exactly formats a number so that it is read back to the bit.
func exactly(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func known(metric *float64) string {
	if metric == nil {
		return ""
	}
	return exactly(*metric)
}

// Shown is the largest number of lines in a table of [Report.String].
const Shown = 10

// Tables lists the recipe, the warnings, the worst tensors and the most sensitive units.
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

// writeTensors writes the parity, the warnings and the worst tensors.
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

// told formats a score for a table: decibels, and the metric in percent where it is known.
func told(s Score) string {
	if s.Metric == nil {
		return s.SQNR.String()
	}
	return fmt.Sprintf("%s (%.2f %%)", s.SQNR, 100**s.Metric)
}
