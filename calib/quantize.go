// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// A Quantized is a model whose weights lie on integer grids, with the quantizers of its
// activations. It predicts in fake quantization: with floats that take only values that
// integers can express (INTEGER.md).
type Quantized struct {
	// Model is folded and transformed, and its quantized weights have the values of their
	// grids. Later changes to Model do not change Predict and ID.
	Model *triovit.Folded
	// WeightGrids holds the grid of each filter of the quantized weights, by
	// the convolution's name.
	WeightGrids map[string][]grid.Uniform
	// ShiftWeights is the recipe's rule. Where it has a share, some filters use only those
	// codes of their grids that are powers of two.
	ShiftWeights ShiftWeights
	// Changes lists all changes by the recipe, in network order per step.
	Changes []Change

	// original is the model before the transforms. exact is the transformed model before
	// any weight is rounded.
	original, exact *triovit.Folded
	// source tells from which model and recipe the model was made.
	source     integer.Source
	exactBias  bool                 // the recipe has ExactBias
	residuals  bool                 // residual sums have grids of their own
	quantizers map[string]Quantizer // the rounded tensors' grids, by [Quantized.GridName]
	rounded    map[operand]bool
	// graphs holds the graph form of every rounded tensor's grid.
	graphs map[string]func(x *graph.Node) *graph.Node
	exec   *forward.Executor
}

type operand struct {
	op    string
	index int
}

// GridName returns the name of an operand's grid in [Quantized.Quantizers]: the name of
// the operand's tensor. The grid of a block's input in a residual sum that has its own
// grid ([Recipe].ResidualBits) has ".residual" behind the tensor's name.
func (q *Quantized) GridName(op *efficientvit.Op, operand int) string {
	return gridName(op, operand, q.residuals)
}

// Quantizers returns the grid of every rounded tensor by its name ([Quantized.GridName]).
// The map is a copy: other grids need another recipe.
func (q *Quantized) Quantizers() map[string]Quantizer { return maps.Clone(q.quantizers) }

// Quantize applies a recipe to a model whose tensors were profiled. It is pure: the model
// and the profile stay as they are. Errors are a recipe that changes nothing, a width that
// no grid has, a tensor whose readers want different grids, and weights that are not
// usable ([triovit.Model.CheckValues]), before or after the transforms.
func Quantize(model *triovit.Folded, profile *Profile, recipe Recipe) (*Quantized, error) {
	q, err := quantize(model, profile, recipe)
	if err != nil {
		return nil, fmt.Errorf("recipe %s: %w", recipe.Name, err)
	}
	return q, nil
}

func quantize(model *triovit.Folded, profile *Profile, recipe Recipe) (*Quantized, error) {
	t, err := transform(model, profile, recipe)
	if err != nil {
		return nil, err
	}
	return t.round(recipe)
}

// A transformed is a model after a recipe's transforms and before its rounding.
type transformed struct {
	original, model *triovit.Folded

	profile *Profile
	changes []Change
	source  integer.Source
}

func transform(model *triovit.Folded, profile *Profile, recipe Recipe) (*transformed, error) {
	if err := recipe.checkWidths(); err != nil {
		return nil, err
	}
	if err := model.CheckValues(); err != nil {
		return nil, err
	}
	if profile.Model != model.Hash() {
		return nil, fmt.Errorf("the profile of %s belongs to other weights or another picture size than the model, %s of %v: observe this model",
			profile.Network, model.Net.Name, model.Net.Input().Shape)
	}
	if err := recipe.ShiftWeights.check(recipe.AffineWeights); err != nil {
		return nil, err
	}
	only, err := recipe.Only.in(model.Net)
	if err != nil {
		return nil, err
	}
	t := &transformed{original: model, model: model.Clone(), profile: profile, source: integer.Source{Weights: profile.Model, Calibration: profile.Pictures, Recipe: recipe.String(), Code: platform.Version()}}
	for _, step := range recipe.Transforms {
		var changes []Change
		if t.model, t.profile, changes, err = step.Apply(t.model, t.profile, only); err != nil {
			return nil, err
		}
		t.changes = append(t.changes, changes...)
	}
	if err := t.model.CheckValues(); err != nil {
		return nil, fmt.Errorf("behind the transforms, %w", err)
	}
	return t, nil
}

// round puts the model on the recipe's grids.
func (t *transformed) round(recipe Recipe) (*Quantized, error) {
	m, profile := t.model.Clone(), t.profile
	q := &Quantized{Model: m, original: t.original, exact: t.model, WeightGrids: map[string][]grid.Uniform{}, ShiftWeights: recipe.ShiftWeights, exactBias: recipe.ExactBias, residuals: recipe.ResidualBits > 0, Changes: t.changes, source: t.source, quantizers: map[string]Quantizer{}, rounded: map[operand]bool{}, graphs: map[string]func(*graph.Node) *graph.Node{}}
	rounds, err := recipe.rounds(m.Net)
	if err != nil {
		return nil, err
	}
	bits, err := recipe.widths(m.Net, rounds)
	if err != nil {
		return nil, err
	}
	if err := agree(m.Net, bits, rounds); err != nil {
		return nil, err
	}
	bar := progress.New("quantize by "+recipe.Name, len(m.Net.Ops))
	defer bar.Done()
	for i := range m.Net.Ops {
		if err := q.roundOp(&m.Net.Ops[i], profile, recipe, bits, rounds); err != nil {
			return nil, err
		}
		bar.Add(1)
	}
	if len(q.rounded) == 0 {
		return nil, fmt.Errorf("nothing of %s is quantized: the recipe's points or its restriction match no operation", m.Net.Name)
	}
	q.exec, err = forward.NewWithHooks(m, q.id(), forward.Hooks{Operand: q.fake})
	return q, err
}

// agree returns an error where two operations that read a tensor want different grids: a
// tensor has one grid for all its readers (INTEGER.md).
func agree(net *efficientvit.Network, bits *widths, rounds func(*efficientvit.Op, efficientvit.Point) bool) error {
	type reader struct{ op, grid string }
	first := map[string]reader{}
	for i := range net.Ops {
		op := &net.Ops[i]
		for _, p := range op.Points {
			if !rounds(op, p) {
				continue
			}
			tensor, grid := gridName(op, p.Operand, bits.recipe.ResidualBits > 0), fmt.Sprintf("%d bits, signed %t", bits.point(op, p).Bits, p.Signed)
			if p.Class == efficientvit.DivisorOperand {
				grid = "a divisor"
			}
			if other, read := first[tensor]; !read {
				first[tensor] = reader{op.Name, grid}
			} else if other.grid != grid {
				return fmt.Errorf("%s is read as %s by %s and as %s by %s: a tensor has one grid", tensor, other.grid, other.op, grid, op.Name)
			}
		}
	}
	return nil
}

// roundOp quantizes the points of one operation and, where a convolution's
// input is rounded, its weights and bias.
func (q *Quantized) roundOp(op *efficientvit.Op, profile *Profile, recipe Recipe, bits *widths, rounds func(*efficientvit.Op, efficientvit.Point) bool) error {
	for _, p := range op.Points {
		if !rounds(op, p) {
			continue
		}
		p = bits.point(op, p)
		tensor, name := op.Inputs[p.Operand], q.GridName(op, p.Operand)
		if _, done := q.quantizers[name]; !done {
			stats, err := profile.Tensor(tensor)
			choose := recipe.activations()
			switch {
			case name != tensor:
				if f, ok := choose.(InFloat); !ok || !f.keeps(tensor) {
					choose = residual{}
				}
			case p.Class == efficientvit.DivisorOperand:
				choose = recipe.Divisors
				if recipe.LayerDivisors {
					stats, err = profile.Divisors(q.Model.Net, op.Block)
				}
			}
			if err != nil {
				return err
			}
			quantizer, err := choose.Choose(stats, p)
			if err != nil {
				return err
			}
			if err := checkGrid(quantizer); err != nil {
				return fmt.Errorf("%s for %s: %w", choose, tensor, err)
			}
			if q.graphs[name], err = GraphOf(quantizer); err != nil {
				return fmt.Errorf("%s: %w", tensor, err)
			}
			q.quantizers[name] = quantizer
		}
		q.rounded[operand{op.Name, p.Operand}] = true
		q.Changes = append(q.Changes, Change{op.Name, fmt.Sprintf("%s %s: %s", p.Class, tensor, q.quantizers[name])})
		if hasFilters(op) {
			powers := q.roundWeights(op, recipe, bits.weights(op))
			change := fmt.Sprintf("weights: %d filters of %d bits", len(q.WeightGrids[op.Name]), bits.weights(op))
			if powers > 0 {
				change += fmt.Sprintf(", %d of them on powers of two", powers)
			}
			q.Changes = append(q.Changes, Change{op.Name, change})
		}
	}
	return nil
}

// roundWeights puts a convolution's weights on grids of the given bits, and its bias on
// the grid of the accumulators, S_a·S_w. Behind a Shift the bias follows the rounded
// weights, unless the recipe has ExactBias: the sum that shifting added for the exact
// weights is replaced by Σ c_i·ŵ_ij. It returns the number of filters on powers of two.
func (q *Quantized) roundWeights(op *efficientvit.Op, recipe Recipe, bits int) (powers int) {
	set := q.Model.Weights
	exact := set[op.Params[0].Name]
	input, uniform := q.quantizers[op.Inputs[0]].(grid.Uniform)
	least := make([]float64, exact.Shape[0])
	var bias *weights.Tensor
	if op.HasBias() {
		bias = &weights.Tensor{Shape: exact.Shape[:1], Data: slices.Clone(set[op.Params[1].Name].Data)}
		for o, b := range bias.Data {
			if uniform {
				least[o] = math.Abs(float64(b)) / (float64(input.Scale) * maxBiasCode)
			}
		}
	}
	rounded, grids := quantizeFilters(exact, bits, recipe.AffineWeights, least)
	if recipe.ShiftWeights.Share > 0 {
		powers = recipe.ShiftWeights.round(op, exact, rounded, grids)
	}
	set[op.Params[0].Name], q.WeightGrids[op.Name] = rounded, grids
	if bias == nil {
		return powers
	}
	if c := q.offsets(op); c != nil && !q.exactBias {
		difference := weights.New(rounded.Shape...)
		for i := range difference.Data {
			difference.Data[i] = rounded.Data[i] - exact.Data[i]
		}
		addShifted(bias, difference, c)
	}
	q.roundBias(op, bias)
	return powers
}

// offsets returns the constants that filter-wise shifting has subtracted from the input of
// a convolution, nil where there are none.
func (q *Quantized) offsets(op *efficientvit.Op) []float32 {
	if in := q.Model.Net.Op(op.Inputs[0]); in.Kind == efficientvit.Shift {
		return q.Model.Weights[in.Params[0].Name].Data
	}
	return nil
}

// roundBias puts a bias on the grid of the accumulators, S_a·S_w, where the input is on
// a uniform grid.
func (q *Quantized) roundBias(op *efficientvit.Op, bias *weights.Tensor) {
	if input, uniform := q.quantizers[op.Inputs[0]].(grid.Uniform); uniform {
		for o, g := range q.WeightGrids[op.Name] {
			step := float64(input.Scale) * float64(g.Scale)
			bias.Data[o] = float32(math.RoundToEven(float64(bias.Data[o])/step) * step)
		}
	}
	q.Model.Weights[op.Params[1].Name] = bias
}

// fake is the graph's hook: it passes rounded operands through their grids.
func (q *Quantized) fake(op *efficientvit.Op, index int, x *graph.Node) *graph.Node {
	if q.rounded[operand{op.Name, index}] {
		return q.graphs[q.GridName(op, index)](x)
	}
	return x
}

// quantizeVersion changes when a quantized model of the same weights and grids would
// predict something else, because the codes of a grid or the places of rounding change.
const quantizeVersion = 1

// id lists the quantizers in network order. The model's hash covers everything else.
func (q *Quantized) id() string {
	var s strings.Builder
	fmt.Fprintf(&s, "quantize %d;", quantizeVersion)
	for i := range q.Model.Net.Ops {
		op := &q.Model.Net.Ops[i]
		for _, p := range op.Points {
			if q.rounded[operand{op.Name, p.Operand}] {
				fmt.Fprintf(&s, "%s %d %s;", op.Name, p.Operand, q.quantizers[q.GridName(op, p.Operand)])
			}
		}
	}
	return s.String()
}

// Network returns a copy of the transformed network.
func (q *Quantized) Network() *efficientvit.Network { return q.exec.Network() }

// ID identifies the quantized model for the cache of results.
func (q *Quantized) ID() string { return q.exec.ID() }

// Platform names the backend and processor that compute, for reports.
func (q *Quantized) Platform() string { return q.exec.Platform() }

// Source returns the origin of the model's weights, for reports.
func (q *Quantized) Source() string { return q.Model.Source }

// Recipe returns every decision of the recipe, a line for each.
func (q *Quantized) Recipe() string { return q.source.Recipe }

// Predict runs n pictures [n, H, W, 3] and returns the outputs, [n, ...].
func (q *Quantized) Predict(pictures []float32) ([]float32, error) { return q.exec.Predict(pictures) }
