// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A Recipe is, as data, every decision about how a network is quantized.
type Recipe struct {
	// Name is the recipe's name in tables and figures.
	Name string
	// About says in a line what the recipe does.
	About string
	// Transforms are applied in order, before anything is rounded.
	Transforms []Transform
	// Points are the quantization points that are rounded.
	Points []PointSelection
	// Only restricts transforms' results and points to a part of the network.
	Only Selection
	// WeightBits is the width of the weights, 0 for 8. A convolution's weights
	// are quantized where its input is.
	WeightBits int
	// ActivationBits is the width of all points except the inputs of Hardswish and
	// LayerNorm and the divisors; 0 leaves each point its own width.
	ActivationBits int
	// ResidualBits is the width of a block's own input in its residual sum. The sum's
	// operand has a grid of its own then, whose step is a power of two (INTEGER.md,
	// Residual sums); the convolution that reads the same tensor keeps a grid of
	// ActivationBits. Each block rounds the same numbers again, so that the errors of all
	// blocks add up. 0 gives both readers one grid, of ActivationBits.
	ResidualBits int
	// Widths give parts of the network their own widths, in place of WeightBits and
	// ActivationBits. Where several select an operation, the last one counts.
	Widths []Width
	// ExactBias leaves in the bias of a shifted convolution the sum Σ c_i·w_ij over the
	// weights before they are rounded, as Eq. 10 is printed. A weight's rounding error is
	// then multiplied by x − c, whose mean is near 0. Otherwise the sum is over the rounded
	// weights, as in the released code, the error is multiplied by x, and rounding the
	// weights moves the mean of the outputs.
	ExactBias bool
	// AffineWeights gives every filter a zero point, as the released code does.
	AffineWeights bool
	// ShiftWeights puts filters on powers of two; its zero value puts none.
	ShiftWeights ShiftWeights
	// Activations chooses the grids of all points but the divisors; nil means
	// symmetric min-max with each point's own width.
	Activations Observer
	// Divisors chooses the grids of the divisors; nil leaves them in float.
	Divisors Observer
	// LayerDivisors gives the divisors of both branches of an MSA one grid, the paper's
	// "per layer", since the reference computes them as one tensor. Otherwise each branch
	// has its own grid.
	LayerDivisors bool
}

// A PointSelection picks quantization points by class and by their operation.
type PointSelection struct {
	Classes []efficientvit.PointClass
	Where   Selection
}

// AllConvolutions picks the inputs of all convolutions and linear layers except the last
// linear layer, whose input the released code leaves in float.
var AllConvolutions = PointSelection{Classes: []efficientvit.PointClass{efficientvit.ConvInput}}

// MBConvInputs picks the inputs of the convolutions of all MBConvs.
var MBConvInputs = PointSelection{Classes: []efficientvit.PointClass{efficientvit.ConvInput}, Where: MBConvs}

// EveryPoint picks every point of INTEGER.md except the divisors, which
// Recipe.Divisors governs.
var EveryPoint = PointSelection{Classes: slices.DeleteFunc(efficientvit.PointClasses(), func(c efficientvit.PointClass) bool {
	return c == efficientvit.DivisorOperand
})}

// The paper's techniques at the places where the released code applies them: migration at
// the DW of every MBConv, shifting at its PW2.
var (
	PaperMigration = Migration{Where: Roles(efficientvit.DW)}
	PaperShifting  = Shifting{Where: Roles(efficientvit.PW2)}
	// WiderMigration migrates the input of the stem's depthwise convolution
	// too, which the paper leaves out.
	WiderMigration = Migration{Where: Roles(efficientvit.DW, efficientvit.DSConvDW)}
)

// The recipes, from the lowest to the highest accuracy. All are W8A8, symmetric, min-max;
// [Recipe.With] changes one.
var (
	// Vanilla quantizes the MBConvs' convolutions as they are.
	Vanilla = Recipe{Name: "Vanilla", About: "MBConv convolutions, as they are", Points: []PointSelection{MBConvInputs}}
	// MigrationOnly quantizes them after channel-wise migration.
	MigrationOnly = Recipe{Name: "Migration", About: "MBConv convolutions after channel-wise migration", Transforms: []Transform{PaperMigration}, Points: []PointSelection{MBConvInputs}}
	// ShiftingOnly quantizes them after filter-wise shifting.
	ShiftingOnly = Recipe{Name: "Shifting", About: "MBConv convolutions after filter-wise shifting", Transforms: []Transform{PaperShifting}, Points: []PointSelection{MBConvInputs}}
	// MBConv quantizes them after both.
	MBConv = Recipe{Name: "MBConv", About: "MBConv convolutions after migration and shifting", Transforms: []Transform{PaperMigration, PaperShifting}, Points: []PointSelection{MBConvInputs}}
	// VanillaAll quantizes all convolutions as they are. It and the recipes after it in
	// the [Ladder] round the same convolutions.
	VanillaAll = Recipe{Name: "VanillaAll", About: "all convolutions, as they are", Points: []PointSelection{AllConvolutions}}
	// MSAFloat quantizes all convolutions after both techniques and leaves the divisors in
	// float. No grid of divisors can win back its loss.
	MSAFloat = Recipe{Name: "MSAFloat", About: "all convolutions after both; divisors in float", Transforms: []Transform{PaperMigration, PaperShifting},
		Points: []PointSelection{AllConvolutions}}
	// MSAUniform quantizes all convolutions after both techniques, and the divisors on a
	// uniform grid of 8 bits, one grid for each MSA like the paper's layer-wise grids.
	MSAUniform = Recipe{Name: "MSAUniform", About: "all convolutions after both; divisors uniform in 8 bits, one grid per MSA", Transforms: []Transform{PaperMigration, PaperShifting},
		Points: []PointSelection{AllConvolutions}, Divisors: MinMax{Bits: 8}, LayerDivisors: true}
	// MSAUniformBranch has a uniform grid for each branch of an MSA. The divisors of the
	// two branches differ so much that this alone recovers a good part of the loss.
	MSAUniformBranch = Recipe{Name: "MSAUniform per branch", About: "all convolutions after both; divisors uniform in 8 bits, one grid per branch", Transforms: []Transform{PaperMigration, PaperShifting},
		Points: []PointSelection{AllConvolutions}, Divisors: MinMax{Bits: 8}}
	// TrioViT is the paper's recipe: all convolutions after both techniques, and log2
	// divisors of 4 bits, whose codes end at the largest calibrated divisor.
	TrioViT = Recipe{Name: "TrioViT", About: "all convolutions after both; log2 divisors, one calibrated range per branch", Transforms: []Transform{PaperMigration, PaperShifting},
		Points: []PointSelection{AllConvolutions}, Divisors: LogDomain{}}
	// TrioViTReleased has the released code's fixed range of log2 codes.
	TrioViTReleased = Recipe{Name: "TrioViT with released codes", About: "all convolutions after both; log2 divisors, the released code's range", Transforms: []Transform{PaperMigration, PaperShifting},
		Points: []PointSelection{AllConvolutions}, Divisors: ReleasedCodes}
	// Released rounds the tensors that the released code rounds: the inputs of
	// convolutions and every tensor of an MSA on affine grids by the L2.4 search, and the
	// divisors on the code's fixed range. Filters are on affine grids by min-max, as in
	// the code's script for several GPUs (the other script searches for filters, too). It
	// is the recipe of reconstruct.Reference.
	Released = TrioViTReleased.With("released code", func(r *Recipe) {
		r.About = "affine grids, of tensors by the L2.4 search; convolutions and attention after both techniques; log2 divisors, the released code's range"
		r.AffineWeights, r.Activations = true, LpSearch{P: L24.P, Affine: true}
		r.Points = append(r.Points, PointSelection{Classes: []efficientvit.PointClass{efficientvit.AttentionOperand}})
	})
	// TrioViTLayer has one range of log2 codes for each MSA. It differs from MSAUniform
	// only in the kind of grid.
	TrioViTLayer = Recipe{Name: "TrioViT per MSA", About: "all convolutions after both; log2 divisors, one calibrated range per MSA", Transforms: []Transform{PaperMigration, PaperShifting},
		Points: []PointSelection{AllConvolutions}, Divisors: LogDomain{}, LayerDivisors: true}
	// TrioViTPlus also migrates the stem's DSConv, and has Eq. 10's bias as it is printed.
	TrioViTPlus = Recipe{Name: "TrioViTPlus", About: "TrioViT with migration of the stem's DSConv too, and the bias of exact weights", Transforms: []Transform{WiderMigration, PaperShifting},
		ExactBias: true, Points: []PointSelection{AllConvolutions}, Divisors: LogDomain{}}
	// TrioViTPlusInteger rounds every point of INTEGER.md.
	TrioViTPlusInteger = Recipe{Name: "TrioViTPlus every point", About: "TrioViTPlus with every tensor of INTEGER.md in integers", Transforms: []Transform{WiderMigration, PaperShifting},
		ExactBias: true, ResidualBits: residualBits, Points: []PointSelection{EveryPoint}, Divisors: LogDomain{}}
)

// Default is the recipe for freezing and reconstruction where none is named:
// TrioViTPlusInteger with grids by the L2.4 search. The recipes above keep min-max, by
// which the ladder shows the effect of the paper's techniques.
//
// The search was chosen on left-out pictures, none of which is among those that
// docs/RESULTS.md scores. For Seg-B0, TrioViTPlus was calibrated on two of CamVid's drives
// and scored on the third. Its mean loss to float is 3.1 points of mIoU by min-max, 2.3 by
// the percentile 99.99, 2.0 by OMSE, 1.7 by the search and 1.4 by EMA. The intervals of
// the search and of EMA reach a point and more to either side, and do not tell them apart;
// reconstructions were scored from the search. For B0, TrioViTPlus was calibrated on two
// thirds of the 600 calibration pictures and scored on the third. It loses 1.0 points of
// top-1 by min-max, 0.7 by the search, 0.3 by EMA and 0.2 by OMSE, and wins 0.2 by the
// percentile. These intervals reach 3 points to either side, and tell none from another.
var Default = TrioViTPlusInteger.By(L24)

// Ladder lists the recipes in teaching order: the first four round the convolutions of
// MBConvs, the others all convolutions.
var Ladder = []Recipe{Vanilla, ShiftingOnly, MigrationOnly, MBConv, VanillaAll, MSAFloat, MSAUniform, MSAUniformBranch, TrioViTReleased, TrioViTLayer, TrioViT, TrioViTPlus, TrioViTPlusInteger}

// Costs returns recipes that isolate the cost of each further kind of integer: the base
// recipe with one class of points of [EveryPoint] added at a time, each tensor of the
// attention separately, and finally all of them. Classes that the network does not have
// are left out.
func Costs(base Recipe, net *efficientvit.Network) []Recipe {
	occurs := map[efficientvit.PointClass]bool{}
	for i := range net.Ops {
		for _, p := range net.Ops[i].Points {
			occurs[p.Class] = true
		}
	}
	var all []Recipe
	add := func(name string, p PointSelection) {
		all = append(all, base.With(base.Name+" + "+name, func(r *Recipe) { r.Points = append(r.Points, p) }))
	}
	for _, c := range EveryPoint.Classes {
		switch {
		case c == efficientvit.ConvInput || !occurs[c]:
		case c == efficientvit.AddOperand:
			add(c.String(), PointSelection{Classes: []efficientvit.PointClass{c}})
			all[len(all)-1].ResidualBits = cmp.Or(base.ResidualBits, residualBits)
		case c == efficientvit.AttentionOperand:
			classes := []efficientvit.PointClass{c}
			add("q, k, v", PointSelection{classes, Roles(efficientvit.Query, efficientvit.Key, efficientvit.Value)})
			add("KTV", PointSelection{classes, Roles(efficientvit.Dividend)})
			add("sum of K", PointSelection{classes, Roles(efficientvit.Divisor)})
			add("dividend", PointSelection{classes, Roles(efficientvit.Attention)})
		default:
			add(c.String(), PointSelection{Classes: []efficientvit.PointClass{c}})
		}
	}
	return append(all, base.Integer())
}

// Named returns the recipes of the [Ladder], then the [Baselines] and [Released].
func Named() []Recipe { return append(slices.Concat(Ladder, Baselines), Released) }

// RecipeNamed returns a recipe by name: one of the [Named] recipes, or [Floored] at
// another floor. Each of these names may be followed by " every point" ([Recipe.Integer])
// and by the name of an observer of [Observers]: "TrioViT", "TrioViT floored at 30",
// "SmoothQuant every point", "TrioViT by OMSE". The error for an unknown name lists the
// known ones.
func RecipeNamed(name string) (Recipe, error) {
	if r, ok := unobserved(name); ok {
		return r, nil
	}
	if r, ok := observed(name); ok {
		return r, nil
	}
	return Recipe{}, fmt.Errorf("no recipe %.60q: have %s; each of them by %s", name, strings.Join(RecipeNames(), ", "), strings.Join(observerNames(), ", "))
}

// unobserved returns the recipe of a name without an observer.
func unobserved(name string) (Recipe, bool) {
	for _, r := range Named() {
		if r.Name == name {
			return r, true
		}
	}
	if r, ok := floored(name); ok {
		return r, true
	}
	if base, ok := strings.CutSuffix(name, everyPoint); ok && !strings.HasSuffix(base, everyPoint) {
		r, ok := unobserved(base)
		return r.Integer(), ok
	}
	return Recipe{}, false
}

// RecipeNames returns the names of the [Named] recipes.
func RecipeNames() []string {
	var names []string
	for _, r := range Named() {
		names = append(names, r.Name)
	}
	return names
}

// With returns a copy under another name, changed by edit.
func (r Recipe) With(name string, edit func(*Recipe)) Recipe {
	r.Name = name
	r.Transforms = slices.Clone(r.Transforms)
	r.Points = slices.Clone(r.Points)
	r.Widths = slices.Clone(r.Widths)
	edit(&r)
	return r
}

// Integer returns the recipe with [EveryPoint] rounded, as [Freeze] needs it, and residual
// sums of 16 bits. Divisors that the recipe leaves in float are on the log2 grid of
// [LogDomain], since integers divide by shifting. Its name says so: "SmoothQuant every
// point".
func (r Recipe) Integer() Recipe {
	return r.With(r.Name+everyPoint, func(r *Recipe) {
		r.Points, r.ResidualBits = []PointSelection{EveryPoint}, cmp.Or(r.ResidualBits, residualBits)
		if r.Divisors == nil {
			r.Divisors = LogDomain{}
		}
	})
}

// residualBits is the width of blocks' inputs in residual sums, in recipes that round
// every point.
const residualBits = 16

const everyPoint = " every point"

// Bits returns the recipe with other WeightBits and ActivationBits, and the same Widths.
func (r Recipe) Bits(weights, activations int) Recipe {
	return r.With(fmt.Sprintf("%s W%dA%d", r.Name, weights, activations), func(r *Recipe) {
		r.WeightBits, r.ActivationBits = weights, activations
	})
}

// String returns every decision of the recipe, a line for each.
func (r Recipe) String() string {
	var s strings.Builder
	line := func(format string, args ...any) { s.WriteString(broken(fmt.Sprintf(format, args...))) }
	line("%s", r.Name)
	for _, t := range r.Transforms {
		line("  transform  %s", t)
	}
	for _, p := range r.Points {
		classes := make([]string, len(p.Classes))
		for i, c := range p.Classes {
			classes[i] = c.String()
		}
		line("  round      %s of %s", strings.Join(classes, ", "), p.Where)
	}
	if !r.Only.all() {
		line("  only       %s", r.Only)
	}
	grid := "symmetric"
	if r.AffineWeights {
		grid = "affine"
	}
	line("  weights    %d bits, %s, a grid for each filter", r.weightBits(), grid)
	if r.ShiftWeights.Share > 0 {
		line("  weights    %s", r.ShiftWeights)
	}
	if r.ExactBias {
		line("  bias       behind shifting of the weights before they are rounded")
	}
	for _, w := range r.Widths {
		line("  width      %s", w)
	}
	if r.ResidualBits != 0 {
		line("  residuals  %d bits for the block's input, %s", r.ResidualBits, residual{})
	}
	line("  tensors    %d bits (16 for inputs of Hardswish and LayerNorm), %s", r.activationBits(), r.activations())
	switch {
	case r.Divisors == nil:
		line("  divisors   float")
	case r.LayerDivisors:
		line("  divisors   %s, a grid for each MSA", r.Divisors)
	default:
		line("  divisors   %s, a grid for each branch of an MSA", r.Divisors)
	}
	return s.String()
}

// longest bounds a line of a recipe in bytes: an artefact's header refuses longer lines.
const longest = 1000

// broken returns a line with its end, or several lines broken behind commas where one
// would be longer than longest.
func broken(line string) string {
	var s strings.Builder
	for len(line) > longest {
		at := strings.LastIndex(line[:longest], ", ")
		if at < 0 {
			break
		}
		s.WriteString(line[:at+1] + "\n")
		line = "             " + line[at+2:]
	}
	return s.String() + line + "\n"
}

func (r Recipe) weightBits() int {
	return cmp.Or(r.WeightBits, 8)
}

func (r Recipe) activationBits() int {
	return cmp.Or(r.ActivationBits, 8)
}

func (r Recipe) activations() Observer {
	if r.Activations == nil {
		return MinMax{}
	}
	return r.Activations
}

// rounds returns whether the recipe rounds a point. A selection that picks no
// point of the network is an error: it would change nothing, silently.
func (r Recipe) rounds(net *efficientvit.Network) (func(op *efficientvit.Op, p efficientvit.Point) bool, error) {
	only, err := r.Only.in(net)
	if err != nil {
		return nil, err
	}
	where := make([]func(*efficientvit.Op) bool, len(r.Points))
	for i, s := range r.Points {
		if where[i], err = s.Where.in(net); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(net.Ops, func(op efficientvit.Op) bool {
			return where[i](&op) && slices.ContainsFunc(op.Points, func(p efficientvit.Point) bool { return slices.Contains(s.Classes, p.Class) })
		}) {
			return nil, fmt.Errorf("no point of %s has a class of %v among %.200s", net.Name, s.Classes, s.Where)
		}
	}
	return func(op *efficientvit.Op, p efficientvit.Point) bool {
		if !only(op) {
			return false
		}
		if p.Class == efficientvit.DivisorOperand {
			return r.Divisors != nil
		}
		for i, s := range r.Points {
			if slices.Contains(s.Classes, p.Class) && where[i](op) {
				return true
			}
		}
		return false
	}, nil
}

// RoundedWeights returns the names of a network's operations whose weights the recipe
// rounds, in the order of the network. No picture is needed for them. A recipe that rounds
// none is an error.
func (r Recipe) RoundedWeights(net *efficientvit.Network) ([]string, error) {
	rounds, err := r.rounds(net)
	if err != nil {
		return nil, fmt.Errorf("recipe %s: %w", r.Name, err)
	}
	var names []string
	for i := range net.Ops {
		op := &net.Ops[i]
		if hasFilters(op) && slices.ContainsFunc(op.Points, func(p efficientvit.Point) bool { return rounds(op, p) }) {
			names = append(names, op.Name)
		}
	}
	if names == nil {
		return nil, fmt.Errorf("recipe %s rounds no weights of %s", r.Name, net.Name)
	}
	return names, nil
}
