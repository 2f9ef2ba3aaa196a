// SPDX-License-Identifier: Apache-2.0

package calib

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/graph"
	"github.com/gotriovit/gotriovit/internal/platform"
	"github.com/gotriovit/gotriovit/internal/progress"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/forward"
	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// A Quantized is a model whose weights lie on integer grids, with the
// quantizers of its activations. It predicts in fake quantization: floats that
// only take the values that integers can express (INTEGER.md).
type Quantized struct {
	// Model is folded and transformed; its quantized weights have the values
	// of their grids.
	Model *triovit.Model
	// Quantizers holds the grid of every rounded tensor by its name.
	Quantizers map[string]Quantizer
	// WeightGrids holds the grid of each filter of the quantized weights, by
	// the convolution's name.
	WeightGrids map[string][]grid.Uniform
	// Changes is everything that the recipe did, in network order per step.
	Changes []Change

	// source says what the model was quantized from.
	source  integer.Source
	rounded map[operand]bool
	// graphs holds the graph form of every rounded tensor's grid.
	graphs map[string]func(x *graph.Node) *graph.Node
	exec   *forward.Executor
}

type operand struct {
	op    string
	index int
}

// Quantize applies a recipe to a model whose tensors were profiled. It is
// pure: the model and the profile stay as they are. A recipe that changes
// nothing is an error, and so is a width that no grid has.
func Quantize(model *triovit.Model, profile *Profile, recipe Recipe) (*Quantized, error) {
	q, err := quantize(model, profile, recipe)
	if err != nil {
		return nil, fmt.Errorf("recipe %s: %w", recipe.Name, err)
	}
	return q, nil
}

func quantize(model *triovit.Model, profile *Profile, recipe Recipe) (*Quantized, error) {
	t, err := transform(model, profile, recipe)
	if err != nil {
		return nil, err
	}
	return t.round(recipe)
}

// A transformed model stands between a recipe's transforms and its rounding.
type transformed struct {
	model   *triovit.Model
	profile *Profile
	changes []Change
	source  integer.Source
}

func transform(model *triovit.Model, profile *Profile, recipe Recipe) (*transformed, error) {
	if err := checkBits("weights", recipe.weightBits()); err != nil {
		return nil, err
	}
	m, err := model.Fold()
	if err != nil {
		return nil, err
	}
	if profile.Model != m.Hash() {
		return nil, fmt.Errorf("the profile of %s belongs to other weights or another picture size than the model, %s of %v: observe this model",
			profile.Network, m.Net.Name, m.Net.Input().Shape)
	}
	if err := checkBits("activations", recipe.activationBits()); err != nil {
		return nil, err
	}
	only, err := recipe.Only.matcher()
	if err != nil {
		return nil, err
	}
	t := &transformed{model: m, profile: profile, source: integer.Source{Weights: profile.Model, Calibration: profile.Pictures, Recipe: recipe.String(), Code: platform.Version()}}
	for _, step := range recipe.Transforms {
		var changes []Change
		if t.model, t.profile, changes, err = step.Apply(t.model, t.profile, only); err != nil {
			return nil, err
		}
		t.changes = append(t.changes, changes...)
	}
	return t, nil
}

// round puts the model on the recipe's grids.
func (t *transformed) round(recipe Recipe) (*Quantized, error) {
	m, profile := t.model, t.profile
	q := &Quantized{Model: m, Quantizers: map[string]Quantizer{}, WeightGrids: map[string][]grid.Uniform{}, Changes: t.changes, rounded: map[operand]bool{}, graphs: map[string]func(*graph.Node) *graph.Node{}}
	q.source = t.source
	rounds, err := recipe.rounds(m.Net)
	if err != nil {
		return nil, err
	}
	bar := progress.New("quantize by "+recipe.Name, len(m.Net.Ops))
	defer bar.Done()
	for i := range m.Net.Ops {
		if err := q.roundOp(&m.Net.Ops[i], profile, recipe, rounds); err != nil {
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

// roundOp quantizes the points of one operation and, where a convolution's
// input is rounded, its weights and bias.
func (q *Quantized) roundOp(op *triovit.Op, profile *Profile, recipe Recipe, rounds func(*triovit.Op, triovit.Point) bool) error {
	for _, p := range op.Points {
		if !rounds(op, p) {
			continue
		}
		if p.Bits == 8 && p.Class != triovit.DivisorOperand {
			p.Bits = recipe.activationBits()
		}
		tensor := op.Inputs[p.Operand]
		if _, done := q.Quantizers[tensor]; !done {
			stats, err := profile.Tensor(tensor)
			choose := recipe.activations()
			if p.Class == triovit.DivisorOperand {
				choose = recipe.Divisors
				if recipe.LayerDivisors {
					stats, err = profile.Divisors(q.Model.Net, op.Block)
				}
			}
			if err != nil {
				return err
			}
			if q.Quantizers[tensor], err = choose.Choose(stats, p); err != nil {
				return err
			}
			if q.graphs[tensor], err = graphOf(q.Quantizers[tensor]); err != nil {
				return fmt.Errorf("%s: %w", tensor, err)
			}
		}
		q.rounded[operand{op.Name, p.Operand}] = true
		q.Changes = append(q.Changes, Change{op.Name, fmt.Sprintf("%s %s: %s", p.Class, tensor, q.Quantizers[tensor])})
		if op.Kind == triovit.Conv || op.Kind == triovit.Linear {
			q.roundWeights(op, recipe)
			q.Changes = append(q.Changes, Change{op.Name, fmt.Sprintf("weights: %d filters of %d bits", len(q.WeightGrids[op.Name]), recipe.weightBits())})
		}
	}
	return nil
}

// roundWeights puts a convolution's weights on their grids and its bias on
// that of the accumulators, S_a·S_w. Behind a Shift the bias follows the
// rounded weights: what shifting added to it for the exact weights is replaced
// by Σ c_i·ŵ_ij (paper Eq. 10).
func (q *Quantized) roundWeights(op *triovit.Op, recipe Recipe) {
	set := q.Model.Weights
	exact := set[op.Params[0].Name]
	input, uniform := q.Quantizers[op.Inputs[0]].(grid.Uniform)
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
	rounded, grids := quantizeFilters(exact, recipe.weightBits(), recipe.AffineWeights, least)
	set[op.Params[0].Name], q.WeightGrids[op.Name] = rounded, grids
	if bias == nil {
		return
	}
	if in := q.Model.Net.Op(op.Inputs[0]); in.Kind == triovit.Shift {
		c := set[in.Params[0].Name].Data
		difference := weights.New(rounded.Shape...)
		for i := range difference.Data {
			difference.Data[i] = rounded.Data[i] - exact.Data[i]
		}
		addShifted(bias, difference, c)
	}
	if uniform {
		for o := range bias.Data {
			step := float64(input.Scale) * float64(grids[o].Scale)
			bias.Data[o] = float32(math.RoundToEven(float64(bias.Data[o])/step) * step)
		}
	}
	set[op.Params[1].Name] = bias
}

// fake is the graph's hook: it passes rounded operands through their grids.
func (q *Quantized) fake(op *triovit.Op, index int, x *graph.Node) *graph.Node {
	if q.rounded[operand{op.Name, index}] {
		return q.graphs[op.Inputs[index]](x)
	}
	return x
}

// quantizeVersion changes when a quantized model of the same weights and grids
// would predict something else: the code of a grid, or where it is applied.
const quantizeVersion = 1

// id names the quantizers in network order; the model's hash tells the rest.
func (q *Quantized) id() string {
	var s strings.Builder
	fmt.Fprintf(&s, "quantize %d;", quantizeVersion)
	for i := range q.Model.Net.Ops {
		op := &q.Model.Net.Ops[i]
		for _, p := range op.Points {
			if q.rounded[operand{op.Name, p.Operand}] {
				fmt.Fprintf(&s, "%s %d %s;", op.Name, p.Operand, q.Quantizers[op.Inputs[p.Operand]])
			}
		}
	}
	return s.String()
}

// Network returns the transformed network.
func (q *Quantized) Network() *triovit.Network { return q.Model.Net }

// ID identifies the quantized model for the cache of results.
func (q *Quantized) ID() string { return q.exec.ID() }

// Platform names what computes, for reports.
func (q *Quantized) Platform() string { return q.exec.Platform() }

// Source says where the model's weights came from, for reports.
func (q *Quantized) Source() string { return q.Model.Source }

// Predict runs n pictures [n, H, W, 3] and returns the outputs, [n, ...].
func (q *Quantized) Predict(pictures []float32) ([]float32, error) { return q.exec.Predict(pictures) }
