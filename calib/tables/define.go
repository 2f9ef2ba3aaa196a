// SPDX-License-Identifier: Apache-2.0

package tables

import (
	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A definition lists the rows of a table and its notes.
type definition struct {
	number    string
	lines     []line
	contrasts []contrast
	// notes name the differences from the paper's experiment.
	notes []string
}

// A line is a scored row.
type line struct {
	name string
	// printed is the name of the paper's row; empty means the line's own name.
	printed string
	// recipe is nil for the float network.
	recipe func(*efficientvit.Network) (calib.Recipe, error)
}

// A contrast is the difference of two rows, the second minus the first.
type contrast struct{ name, first, second string }

func named(name string, r calib.Recipe) line {
	return line{name: name, recipe: func(*efficientvit.Network) (calib.Recipe, error) { return r, nil }}
}

// float is the row of the float network.
var float = line{name: "float"}

// The parts that Table II leaves in float.
var (
	msa     = calib.Roles(efficientvit.QKV, efficientvit.AggDW, efficientvit.AggPW, efficientvit.Proj)
	dw      = calib.Roles(efficientvit.DW)
	pw2     = calib.Roles(efficientvit.PW2)
	modules = calib.Selection{Name: `\.(context|local)_module\.`}
	others  = calib.Selection{Roles: calib.MBConvs.Roles, Name: `\.op_list\.\d+\.main\.`}
)

// alone rounds only the points and weights that edit adds.
func alone(name string, edit func(*calib.Recipe)) line {
	return named(name, calib.VanillaAll.With(name, func(r *calib.Recipe) {
		r.About, r.Points = name, nil
		edit(r)
	}))
}

// but is [calib.VanillaAll] with the inputs of some convolutions in float, and the weights
// of these convolutions rounded.
func but(name string, where ...calib.Selection) line {
	return line{name: name, recipe: func(net *efficientvit.Network) (calib.Recipe, error) {
		f, err := calib.InputsInFloat(net, where...)
		return calib.VanillaAll.With("vanilla, "+name, func(r *calib.Recipe) { r.Activations = f }), err
	}}
}

// absent is the printed row of a line for which the paper has no number, or none that
// certainly belongs to it.
const absent = "none"

func (l line) without() line {
	l.printed = absent
	return l
}

func (l line) beside(printed string) line {
	l.printed = printed
	return l
}

// ablation is the ladder of Tables V and VII behind float.
var ablation = []line{
	named("MBConv vanilla", calib.Vanilla), named("shifting", calib.ShiftingOnly), named("migration", calib.MigrationOnly), named("both", calib.MBConv),
	named("both, MSA uniform", calib.MSAUniform), named("Trio-ViT", calib.TrioViT),
}

const (
	rounding = "the paper's numbers are behind a reconstruction block by block (inferred from the released code); here every weight takes its nearest code"
	matMuls  = "MatMuls and divisors of the MSA stay in float, as in the authors' logs"
)

// definitions are the tables in the paper's order.
var definitions = []definition{
	{number: "I", notes: []string{matMuls, "the authors' grids are asymmetric, these are symmetric; both quantize without the paper's techniques"}, lines: []line{
		float,
		named("W8", calib.VanillaAll.With("W8", func(r *calib.Recipe) { r.Activations = calib.InFloat{} })),
		named("W8A16", calib.VanillaAll.Bits(8, 16)), named("W8A12", calib.VanillaAll.Bits(8, 12)), named("W8A10", calib.VanillaAll.Bits(8, 10)), named("W8A8", calib.VanillaAll),
	}},
	{number: "II", notes: []string{"what a row leaves out stays in float as a tensor, its weights have 8 bits; " + matMuls, "the rows of one kind alone round nothing else"}, lines: []line{
		float, named("everything", calib.VanillaAll),
		but("all but MSA", msa), but("all but MSA and DW inputs", msa, dw), but("all but MSA and PW2 inputs", msa, pw2),
		but("all but MSA, DW and PW2 inputs", msa, dw, pw2), but("all but MSA and MBConv", msa, calib.MBConvs),
		but("all but EfficientViT modules", modules), but("all but other MBConvs", others),
		alone("MatMul operands of MSA alone", func(r *calib.Recipe) {
			r.Points = []calib.PointSelection{{Classes: []efficientvit.PointClass{efficientvit.AttentionOperand}}}
		}).without(),
		alone("divisors alone, uniform", func(r *calib.Recipe) { r.Divisors, r.LayerDivisors = calib.MinMax{Bits: 8}, true }),
		alone("divisors alone, log2", func(r *calib.Recipe) { r.Divisors = calib.LogDomain{} }).without(),
	}},
	{number: "IV", notes: []string{"what others do in place of the techniques are baselines of this project (triovit ladder -recipes), not those of the printed table"}, lines: []line{
		float, named("Trio-ViT", calib.TrioViT), named("Trio-ViT, every tensor rounded", calib.TrioViT.Integer()).without(),
	}, contrasts: []contrast{{"drop", "Trio-ViT", "float"}}},
	{number: "V", lines: append([]line{
		float,
		named("everything vanilla", calib.VanillaAll.With("everything vanilla", func(r *calib.Recipe) {
			r.About, r.Divisors, r.LayerDivisors = "all convolutions, as they are; divisors uniform in 8 bits, one grid per MSA", calib.MinMax{Bits: 8}, true
		})),
	}, ablation...)},
	{number: "VI", lines: []line{
		float.without(), named("channel-wise grids", calib.ChannelWiseDW), named("migration", calib.TrioViT),
	}, contrasts: []contrast{{"improvement", "channel-wise grids", "migration"}}},
	{number: "VII", lines: []line{
		float.beside("float (README)"), ablation[0], ablation[1].without(), ablation[2].without(), ablation[3], ablation[4], ablation[5],
	}},
}

// Numbers returns the numbers of the tables, in the paper's order.
func Numbers() []string {
	var all []string
	for _, d := range definitions {
		all = append(all, d.number)
	}
	return all
}
