// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit/grid"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"pgregory.net/rapid"
)

// byHand is a model of one pixel: two channels, their sum and difference at half
// a step, and twice the sum as a logit.
func byHand() *Model {
	codes := Interval{-128, 127}
	return &Model{Name: "by hand", Limits: Limits{MultiplierBits: 18, AccumulatorBits: 32}, Classes: []string{"sum"}, Ops: []Op{
		{Name: "input", Operation: &Input{Shape: [3]int{1, 1, 2}, Grid: grid.Uniform{Scale: 0.5, Lo: -128, Hi: 127}}, Values: Values{Steps: []float64{0.5}}},
		{Name: "conv", Inputs: []string{"input"}, Operation: &Conv{Kernel: 1, Stride: 1, Groups: 1, WeightBits: 8, Weights: []int8{1, 1, 1, -1}, Bias: []int32{1, 0}}, Values: Values{Steps: []float64{0.5}, Offsets: []float64{0, 1}}},
		{Name: "codes", Inputs: []string{"conv"}, Operation: &Requantize{Affine: []Affine{{Mantissa: 1, Shift: 1}}, Codes: codes}},
		{Name: "logits", Inputs: []string{"codes"}, Operation: &Conv{Kernel: 1, Stride: 1, Groups: 1, WeightBits: 4, Weights: []int8{2, 0}, Bias: []int32{0}}},
	}}
}

// TestRunByHand: every tensor of a small model, and the real numbers it stands for.
func TestRunByHand(t *testing.T) {
	m := byHand()
	codes := m.Input().Codes([]float32{2.5, 1.1})
	if !slices.Equal(codes, []int32{5, 2}) {
		t.Fatalf("the picture has codes %v", codes)
	}
	var seen []string
	y, err := m.Run(codes, func(op *Op, y Value) {
		seen = append(seen, fmt.Sprint(op.Name, y.Data, op.Values.Of(1, y.Data[len(y.Data)-1])))
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"input[5 2] 1", "conv[8 3] 2.5", "codes[4 2] NaN", "logits[8] NaN"}; !slices.Equal(seen, want) {
		t.Errorf("made %q, want %q", seen, want)
	}
	if y.Shape != [3]int{1, 1, 1} || !slices.Equal(y.Data, []int32{8}) {
		t.Errorf("logits %+v", y)
	}
}

// TestRefusals: the error names the operation and what is wrong with it, in one
// line.
func TestRefusals(t *testing.T) {
	conv := func(m *Model) *Conv { return m.Ops[1].Operation.(*Conv) }
	requantize := func(m *Model) *Requantize { return m.Ops[2].Operation.(*Requantize) }
	with := func(op Operation, inputs ...string) func(*Model) {
		return func(m *Model) {
			m.Ops = append(m.Ops[:3], Op{Name: "last", Inputs: inputs, Operation: op})
			m.Classes = nil
		}
	}
	alive := func(n int) func(*Model) { // n tensors of the most elements, which are read at the end
		return func(m *Model) {
			*m.Input() = Input{Shape: [3]int{1 << 14, 1 << 14, 1}, Grid: grid.Uniform{Scale: 1, Hi: 1}}
			m.Ops, m.Classes = m.Ops[:1], nil
			for i := range n {
				m.Ops = append(m.Ops, Op{Name: fmt.Sprint(i + 1), Inputs: []string{"input"}, Operation: &ReLU{}})
			}
			for i := range n {
				m.Ops = append(m.Ops, Op{Name: fmt.Sprint("pool", i+1), Inputs: []string{fmt.Sprint(i + 1)}, Operation: &Pool{}})
			}
		}
	}
	log2 := func(unit float64, lo int) func(*Model) {
		return func(m *Model) {
			m.Input().Grid.Lo = 0
			with(&Log2{Thresholds: []int32{2}, Unit: unit, Lo: lo}, "input")(m)
		}
	}
	wide := []int8{127, 127, 127, 127}
	for _, c := range []struct {
		name string
		edit func(*Model)
		want string
	}{
		{"no operations", func(m *Model) { m.Ops = nil }, "it has no operations"},
		{"no operation", func(m *Model) { m.Ops[2].Operation = nil }, `"codes" does nothing`},
		{"no input", func(m *Model) { m.Ops = m.Ops[1:] }, `Conv "conv" at place 0: the input comes first`},
		{"two inputs", func(m *Model) { m.Ops[2].Operation = m.Input() }, `Input "codes" at place 2: the input comes first`},
		{"made twice", func(m *Model) { m.Ops[2].Name = "conv" }, `"conv" is made twice`},
		{"reads the future", func(m *Model) { m.Ops[1].Inputs[0] = "codes" }, `"conv" reads "codes", which nothing before it makes`},
		{"too few operands", func(m *Model) { m.Ops[1].Inputs = nil }, `Conv "conv" has 0 operands`},
		{"too many operands", with(&ReLU{}, "codes", "codes"), `ReLU "last" has 2 operands`},
		{"multiplier", func(m *Model) { m.MultiplierBits = 33 }, "multipliers of 33 bits and accumulators of 32: 2 to 32 and 16 to 32"},
		{"accumulator", func(m *Model) { m.AccumulatorBits = 64 }, "multipliers of 18 bits and accumulators of 64"},
		{"accumulators that do not fit", func(m *Model) { m.AccumulatorBits = 16; conv(m).Weights = wide; conv(m).Bias[0] = 1000 },
			`Conv "conv": its integers take -32512..33258 (17 bits), the accumulators have 16`},
		{"a bias that overflows", func(m *Model) { conv(m).Bias[0] = 1<<31 - 1 }, `"conv": its integers take -255..2147483901 (33 bits), the accumulators have 32`},
		{"an operand of accumulators", with(&Pool{}, "conv"), ""},
		{"wide operands", func(m *Model) { conv(m).Bias[0] = 1 << 20; m.Ops[3].Inputs[0] = "conv" }, `"logits": an operand of -255..1048830 (22 bits): at most 16 bits`},
		{"weights", func(m *Model) { conv(m).Weights = wide[:3] }, "3 weights do not fit 2 filters of 1×1 over 2 channels in 1 groups"},
		{"weights of 4 bits", func(m *Model) { conv(m).WeightBits = 4; conv(m).Weights = wide }, "a weight of 127 does not fit 4 bits"},
		{"weights of 9 bits", func(m *Model) { conv(m).WeightBits = 9 }, "weights of 9 bits: 2 to 8"},
		{"a product beyond 64 bits", func(m *Model) {
			m.Input().Shape = [3]int{1, 1, 1 << 28}
			conv(m).Kernel, conv(m).Weights, conv(m).Bias = 1<<14-1, nil, make([]int32, 1<<10)
		}, "0 weights do not fit 1024 filters of 16383×16383 over 268435456 channels"},
		{"heads beyond 64 bits", with(&Heads{Heads: math.MaxInt/2 + 1, Dim: 4}, "codes"), "heads of 4 does not split [1 1 2]"},
		{"a map beyond 64 bits", with(&MergeHeads{H: math.MaxInt/2 + 1, W: 4}, "codes"), "does not hold the tokens"},
		{"no filters", func(m *Model) { conv(m).Bias = nil }, "4 weights do not fit 0 filters"},
		{"groups", func(m *Model) { conv(m).Groups = 3 }, "over 2 channels in 3 groups"},
		{"kernel", func(m *Model) { conv(m).Kernel = 2 }, "kernel 2, stride 1 and groups 1: an odd kernel"},
		{"stride", func(m *Model) { conv(m).Stride = 0 }, "kernel 1, stride 0"},
		{"border", func(m *Model) { conv(m).Pad = []int32{0, 0, 0} }, "3 codes of the border for 2 channels"},
		{"border of many bits", func(m *Model) { conv(m).Kernel, conv(m).Weights, conv(m).Pad = 3, make([]int8, 36), []int32{1 << 20} }, "codes of the border and the operand take -128..1048576 (22 bits), 16 bits"},
		{"factors", func(m *Model) { requantize(m).Affine = make([]Affine, 3) }, `"codes": 3 factors for 2 channels`},
		{"mantissa", func(m *Model) { requantize(m).Affine[0].Mantissa = 1 << 17 }, "channel 0: a mantissa of 131072 needs 19 bits, 18 are allowed"},
		{"shift", func(m *Model) { requantize(m).Affine[0].Shift = 47 }, "a shift of 47 and an addend of 0: 0 to 46"},
		{"addend", func(m *Model) { requantize(m).Affine[0].Addend = 1<<60 + 1 }, "an addend of 1152921504606846977: 0 to 46 and ±2^60"},
		{"codes", func(m *Model) { requantize(m).Codes = Interval{1, 0} }, "codes 1..0: from the lower to the higher"},
		{"real values", func(m *Model) { m.Ops[1].Values.Steps = []float64{1, 2, 3} }, `"conv": 3 real values for 2 channels`},
		{"classes", func(m *Model) { m.Classes = []string{"a", "b"} }, "2 names of classes for 1 channels"},
		{"input step", func(m *Model) { m.Input().Grid.Scale = 0 }, `"input": a step of 0: it must be positive`},
		{"input step without end", func(m *Model) { m.Input().Grid.Scale = float32(math.Inf(1)) }, "a step of +Inf"},
		{"input zero above", func(m *Model) { m.Input().Grid.Zero = 9000 }, `"input": a zero of 9000: it is one of the codes -128..127`},
		{"input zero below", func(m *Model) { m.Input().Grid.Zero = -129 }, "a zero of -129"},
		{"highest input zero", func(m *Model) { m.Input().Grid.Zero = 127 }, ""},
		{"a picture for other channels", func(m *Model) { m.Picture.Normalization = preprocess.ImageNetNormalization() }, "picture: it has 3 channels, the input 2"},
		{"input codes", func(m *Model) { m.Input().Grid.Hi = 1 << 20 }, "codes -128..1048576: from the lower to the higher within 16 bits"},
		{"input shape", func(m *Model) { m.Input().Shape[0] = 0 }, "a tensor of [0 1 2]: at least 1 and at most 268435456 elements"},
		{"huge input", func(m *Model) { m.Input().Shape = [3]int{1 << 20, 1 << 20, 1 << 30} }, "at least 1 and at most 268435456 elements"},
		{"live tensors", alive(4), `ReLU "4": 1073741824 elements live beside those that it makes, in tensors that operations behind it read: together at most 1073741824 are allowed`},
		{"as many live tensors as are allowed", alive(3), ""},
		{"tensors that nothing reads", func(m *Model) { alive(9)(m); m.Ops = m.Ops[:10] }, ""},
		{"a tensor that is read twice", func(m *Model) { alive(3)(m); m.Ops[4].Inputs = []string{"1", "1"}; m.Ops[4].Operation = &Add{} }, ""},
		{"add", with(&Add{Codes: Interval{0, 1}}, "codes", "input"), ""},
		{"add codes", with(&Add{Codes: Interval{0, 1 << 16}}, "codes", "input"), "codes 0..65536: from the lower to the higher within 16 bits"},
		{"add mantissa", with(&Add{Codes: Interval{0, 1}, Right: 1<<20 + 1}, "codes", "input"), "a mantissa of 1048577 needs 22 bits"},
		{"hardswish", with(&Hardswish{Three: 5, Six: 8}, "codes"), "3 and 6 as codes of 5 and 8"},
		{"upsample", with(&Upsample{Factor: 3}, "codes"), "a resize by 3: 2 and 4"},
		{"upsample's bits", with(&Upsample{Factor: 2, Drop: 23}, "codes"), "23 bits dropped: 0 to 22"},
		{"layer norm", with(&LayerNorm{}, "codes"), "an epsilon of 0 over 2 channels: 1 to 2^54"},
		{"heads", with(&Heads{Heads: 1, Dim: 1}, "codes"), "part 0 of 1 heads of 1 does not split [1 1 2]"},
		{"merge", with(&MergeHeads{H: 2, W: 2}, "codes"), "a map of 2×2 does not hold the tokens of [1 1 2]"},
		{"matmul", with(&MatMul{}, "codes", "input"), "multiplies [1 1 2] and [1 1 2]"},
		{"negative divisors", with(&Log2{Thresholds: []int32{1}}, "codes"), "divisors in -127..127 (8 bits): 0 to 2^31 - 2"},
		{"thresholds", with(&Log2{Thresholds: []int32{4, 3}}, "codes"), "a threshold of 3 behind one of 4"},
		{"a divisor's unit", log2(-1, 0), "2 codes from 0 on in units of -1: powers of two"},
		{"no unit", log2(0, 1), "2 codes from 1 on in units of 0"},
		{"a unit that is no number", log2(math.NaN(), 0), "units of NaN"},
		{"a unit without end", log2(math.Inf(1), -8), "units of +Inf"},
		{"a divisor beyond float32", log2(1, 127), "2 codes from 127 on"},
		{"the largest divisor", log2(1, 126), ""},
		{"a divisor below float32", log2(1, -150), "2 codes from -150 on"},
		{"the least divisor", log2(1, -149), ""},
		{"the least integer", log2(1, math.MinInt), fmt.Sprint("from ", math.MinInt, " on")},
		{"the largest integer", log2(1, math.MaxInt), fmt.Sprint("from ", math.MaxInt, " on")},
		{"a unit that is not known", log2(0, 0), ""},
		{"many thresholds", with(&Log2{Thresholds: make([]int32, 64)}, "codes"), "64 thresholds: at most 63"},
		{"a quotient beyond 64 bits", func(m *Model) {
			m.Input().Grid.Lo, m.Input().Shape, m.Classes = 0, [3]int{1, 1, 1}, nil
			m.Ops = append(m.Ops[:1], Op{Name: "code", Inputs: []string{"input"}, Operation: &Log2{Thresholds: slices.Repeat([]int32{1}, 40)}},
				Op{Name: "last", Inputs: []string{"input", "code"}, Operation: &Divide{Shift: 30, Codes: Interval{0, 1}}})
		}, "a shift of 30 and codes in 0..40 (7 bits): together 0 to 62"},
		{"divide", with(&Divide{Codes: Interval{0, 1}}, "codes", "input"), "divides [1 1 2] by [1 1 2]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := byHand()
			c.edit(m)
			err := m.Validate()
			if c.want == "" {
				if err != nil {
					t.Errorf("error %v", err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), "integer model by hand: ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
	for name, codes := range map[string][]int32{"a picture of 1 codes": {0}, "code 1 of the picture is 128": {0, 128}} {
		if _, err := byHand().Run(codes); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want %q", err, name)
		}
	}
}

// TestRunHoldsWhatLives: a run lets a tensor go behind the last operation that reads
// it, and one that nothing reads at once.
func TestRunHoldsWhatLives(t *testing.T) {
	const side, dead = 1 << 9, 64 // a tensor has 1 MiB
	m := byHand()
	m.Input().Shape = [3]int{side, side, 1}
	m.Ops, m.Classes = m.Ops[:1], nil
	for i := range 2 * dead {
		reads := "input"
		if i > dead {
			reads = fmt.Sprint(i - 1)
		}
		m.Ops = append(m.Ops, Op{Name: fmt.Sprint(i), Inputs: []string{reads}, Operation: &ReLU{}})
	}
	var before, behind runtime.MemStats
	picture := make([]int32, side*side)
	runtime.GC()
	runtime.ReadMemStats(&before)
	if _, err := m.Run(picture, func(op *Op, _ Value) {
		if op == &m.Ops[len(m.Ops)-1] {
			runtime.GC()
			runtime.ReadMemStats(&behind)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if held := int64(behind.HeapAlloc) - int64(before.HeapAlloc); held > dead/4<<20 {
		t.Errorf("%d bytes are held at the end", held)
	}
}

// network returns a model with every kind of operation and random weights: a stem,
// an attention with both kinds of dividends, a residual sum, a resize, and a
// classifier.
func network(seed uint64) *Model {
	rng := rand.New(rand.NewPCG(seed, 1))
	m := &Model{Name: "every operation", Limits: Limits{MultiplierBits: MultiplierPort, AccumulatorBits: OperandPort}}
	codes, wide := Interval{-128, 127}, Interval{-1 << 15, 1<<15 - 1}
	add := func(op Operation, inputs ...string) string {
		name := fmt.Sprintf("%d", len(m.Ops))
		m.Ops = append(m.Ops, Op{Name: name, Inputs: inputs, Operation: op})
		return name
	}
	conv := func(x string, in, out, kernel, stride, groups int) string {
		c := &Conv{Kernel: kernel, Stride: stride, Groups: groups, WeightBits: 8, Weights: make([]int8, out*in/groups*kernel*kernel), Bias: make([]int32, out)}
		for i := range c.Weights {
			c.Weights[i] = int8(rng.IntN(255) - 127)
		}
		for i := range c.Bias {
			c.Bias[i] = rng.Int32N(2001) - 1000
		}
		return add(c, x)
	}
	must := func(a Affine, err error) Affine {
		if err != nil {
			panic(err)
		}
		return a
	}
	requantize := func(x string, factor float64, codes Interval) string {
		return add(&Requantize{Affine: []Affine{must(NewAffine(factor, 0, MultiplierPort))}, Codes: codes}, x)
	}
	hardswish := func(x string) string {
		h, err := NewHardswish(3.0/(1<<12), wide, OperandPort)
		if err != nil {
			panic(err)
		}
		return requantize(add(h, x), 1.0/(1<<15), codes)
	}
	attention := func(qkv string, roundFirst bool) string {
		q, k, v := add(&ReLU{}, add(&Heads{2, 2, 0}, qkv)), add(&ReLU{}, add(&Heads{2, 2, 1}, qkv)), add(&Heads{2, 2, 2}, qkv)
		ktv := requantize(add(&MatMul{OverTokens: true}, k, v), 1.0/64, codes)
		sumK := requantize(add(&SumTokens{}, k), 0.5, Interval{0, 255})
		dividend, factor := add(&MatMul{}, q, ktv), 1.0
		if roundFirst {
			dividend, factor = requantize(dividend, 1.0/256, codes), 256
		}
		log2, err := NewLog2(grid.Log2{Unit: 1, Hi: 15, Threshold: 1.4142135}, 1)
		if err != nil {
			panic(err)
		}
		divide, err := NewDivide(factor, MultiplierPort, codes)
		if err != nil {
			panic(err)
		}
		return add(&MergeHeads{2, 2}, add(divide, dividend, add(log2, add(&MatMul{}, q, sumK))))
	}
	input := add(&Input{Shape: [3]int{4, 4, 3}, Grid: grid.Uniform{Scale: 1, Lo: -128, Hi: 127}})
	x := hardswish(requantize(conv(input, 3, 4, 3, 2, 1), 0.1, wide))
	qkv := requantize(conv(x, 4, 12, 1, 1, 1), 1.0/128, codes)
	agg := requantize(conv(requantize(conv(qkv, 12, 12, 5, 1, 12), 1.0/256, codes), 12, 12, 1, 1, 6), 1.0/128, codes)
	y := add(&Concat{}, attention(qkv, false), attention(agg, true))
	y = requantize(conv(y, 8, 4, 1, 1, 1), 1.0/128, codes)
	sum, err := NewAdd(1, 0.75, 0, MultiplierPort, 8, codes)
	if err != nil {
		panic(err)
	}
	x = requantize(add(&Upsample{Factor: 2, Drop: 4}, add(sum, x, y)), 1.0/(1<<18), codes)
	x = requantize(add(&Pool{}, x), 1.0/16, codes)
	x = add(&LayerNorm{Epsilon: 1}, requantize(conv(x, 4, 8, 1, 1, 1), 0.5, wide))
	x = hardswish(requantize(x, 1.0/16, wide))
	requantize(conv(x, 8, 5, 1, 1, 1), 1, Interval{-1 << 31, 1<<31 - 1})
	return m
}

// TestEveryTensorKeepsItsInterval: whatever the weights and the picture, no integer
// of any operation leaves what was proven for it, and a picture's logits are the
// same every time.
func TestEveryTensorKeepsItsInterval(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := network(rapid.Uint64().Draw(t, "weights"))
		tensors, err := m.Infer()
		if err != nil {
			t.Fatal(err)
		}
		picture := drawCodes(t, [3]int{4, 4, 3}, Interval{-128, 127})
		kinds, i := map[string]bool{}, 0
		y, err := m.Run(picture, func(op *Op, y Value) {
			kinds[fmt.Sprintf("%T", op.Operation)] = true
			if y.Shape != tensors[i].Shape {
				t.Errorf("%T %s is %v, inferred %v", op.Operation, op.Name, y.Shape, tensors[i].Shape)
			}
			for _, v := range y.Data {
				if !tensors[i].Range.Contains(int64(v)) {
					t.Fatalf("%T %s makes %d, inferred %v", op.Operation, op.Name, v, tensors[i].Range)
				}
			}
			if sum := tensors[i].Sum; sum.Bits() > SumPort {
				t.Errorf("%T %s: a sum of %v", op.Operation, op.Name, sum)
			}
			i++
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(kinds) != 16 {
			t.Errorf("%d kinds of operations: %v", len(kinds), kinds)
		}
		if again, err := m.Run(picture); err != nil || !slices.Equal(again.Data, y.Data) {
			t.Errorf("logits %v, then %v (%v)", y.Data, again.Data, err)
		}
	})
}

// TestChannelsOfTheirOwn: migration and shifting are factors and addends of each
// channel: codes of x_i/r_i and of x_i − c_i.
func TestChannelsOfTheirOwn(t *testing.T) {
	const step, out = 0.01, 0.1
	r, c := []float64{0.5, 4}, []float64{-2, 3}
	requantize := &Requantize{Codes: Interval{-128, 127}}
	for i := range r {
		a, err := NewAffine(step/out/r[i], -c[i]/out, MultiplierPort)
		if err != nil {
			t.Fatal(err)
		}
		requantize.Affine = append(requantize.Affine, a)
	}
	x := Value{[3]int{1, 1, 2}, []int32{100, 1000}} // the values are 1 and 10
	if y := execute(t, requantize, Limits{MultiplierBits: MultiplierPort}, Interval{0, 1000}, x); !slices.Equal(y.Data, []int32{40, -5}) {
		t.Errorf("codes %v, want (1/0.5 + 2)/0.1 and (10/4 − 3)/0.1", y.Data)
	}
}
