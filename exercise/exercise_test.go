// SPDX-License-Identifier: Apache-2.0

package exercise

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/internal/linked"
)

// TestLight: the checks link no tensor library, no HTTP, no weights, no data set.
func TestLight(t *testing.T) { linked.Light(t) }

// A mistake is a wrong answer and a part of the sentence that it must get.
type mistake struct {
	name   string
	answer func() Verdict
	says   string
}

// exercises has the solution, the starter and the typical wrong answers of each exercise.
// The wrong answers are written as students write them, not as the checks write them.
var exercises = []struct {
	name              string
	slow              bool // the check simulates a network, and draws nothing
	solution, starter func() Verdict
	wrong             []mistake
}{
	{"E0", false, func() Verdict { return E0(solutionE0) }, func() Verdict { return E0(starterE0) }, []mistake{
		{"a sum of 8 bits", func() Verdict {
			return E0(func(codes []int8) int {
				sum := int8(0)
				for i := range codes {
					sum = sum + codes[i]
				}
				return int(sum)
			})
		}, "wraps around"},
		{"the indices", func() Verdict {
			return E0(func(codes []int8) (s int) {
				for x := range codes {
					s += x
				}
				return s
			})
		}, "indices"},
		{"from 1", func() Verdict {
			return E0(func(codes []int8) (s int) {
				for i := 1; i < len(codes); i++ {
					s += int(codes[i])
				}
				return s
			})
		}, "first element"},
	}},
	{"E1", false, func() Verdict { return E1(solutionE1) }, func() Verdict { return E1(starterE1) }, []mistake{
		{"truncation", func() Verdict {
			return E1(func(x, step float32, lo, hi int) int { return min(max(int(x/step), lo), hi) })
		}, "cut off"},
		{"floor", func() Verdict {
			return E1(func(x, step float32, lo, hi int) int {
				return min(max(int(math.Floor(float64(x/step))), lo), hi)
			})
		}, "cut off"},
		{"ties away from zero", func() Verdict {
			return E1(func(x, step float32, lo, hi int) int {
				q := int(math.Round(float64(x / step)))
				if q < lo {
					q = lo
				}
				if q > hi {
					q = hi
				}
				return q
			})
		}, "away from zero"},
		{"ties up", func() Verdict {
			return E1(func(x, step float32, lo, hi int) int {
				return min(max(int(math.Floor(float64(x/step+0.5))), lo), hi)
			})
		}, "always go up"},
		{"no clamp", func() Verdict {
			return E1(func(x, step float32, lo, hi int) int { return int(math.RoundToEven(float64(x / step))) })
		}, "nothing is clamped: a value"},
		{"an int8", func() Verdict {
			return E1(func(x, step float32, lo, hi int) int { return int(int8(int(math.RoundToEven(float64(x / step))))) })
		}, "200 steps become -56"},
		{"times the step", func() Verdict {
			return E1(func(x, step float32, lo, hi int) int {
				return min(max(int(math.RoundToEven(float64(x*step))), lo), hi)
			})
		}, "multiplied by the step"},
	}},
	{"E2", false, func() Verdict { return E2(solutionE2) }, func() Verdict { return E2(starterE2) }, []mistake{
		{"the largest", func() Verdict {
			return E2(func(x []float32, hi int) float32 { return slices.Max(x) / float32(hi) })
		}, "the largest value decides"},
		{"a step too many", func() Verdict {
			return E2(func(x []float32, hi int) float32 {
				return max(slices.Max(x), -slices.Min(x)) / float32(hi+1)
			})
		}, "one step too many"},
		{"the width", func() Verdict {
			return E2(func(x []float32, hi int) float32 { return (slices.Max(x) - slices.Min(x)) / float32(2*hi+1) })
		}, "zero point"},
		{"zeros", func() Verdict {
			return E2(func(x []float32, hi int) float32 {
				return max(slices.Max(x), -slices.Min(x)) / float32(hi)
			})
		}, "NaN"},
	}},
	{"E3", false, func() Verdict { return E3(solutionE3) }, func() Verdict { return E3(starterE3) }, []mistake{
		{"a sum of 16 bits", func() Verdict {
			return E3(func(x []int8, w [][]int8, stepX float32, stepW []float32) (y []float32) {
				for j := range w {
					sum := int16(0)
					for i := range x {
						sum += int16(x[i]) * int16(w[j][i])
					}
					y = append(y, float32(sum)*stepX*stepW[j])
				}
				return y
			})
		}, "16 bits"},
		{"a product of 8 bits", func() Verdict {
			return E3(func(x []int8, w [][]int8, stepX float32, stepW []float32) (y []float32) {
				for j := range w {
					sum := int32(0)
					for i := range x {
						sum += int32(x[i] * w[j][i])
					}
					y = append(y, float32(sum)*stepX*stepW[j])
				}
				return y
			})
		}, "the product has 8 bits"},
		{"the step of filter 0", func() Verdict {
			return E3(func(x []int8, w [][]int8, stepX float32, stepW []float32) []float32 {
				y := solutionE3(x, w, stepX, stepW)
				for j := range y {
					y[j] *= stepW[0] / stepW[j]
				}
				return y
			})
		}, "filter 0"},
	}},
	{"E4", false, func() Verdict { return E4(solutionE4()) }, func() Verdict { return E4(starterE4()) }, []mistake{
		{"a word of none", func() Verdict { return E4("stem") }, `"stem" is no prediction`},
	}},
	{"E5", false, func() Verdict { return E5(solutionE5) }, func() Verdict { return E5(starterE5) }, []mistake{
		{"both divided", func() Verdict {
			return E5(func(most []float32, mean float32, pw1, divide, dw []float32) {
				for k := range dw {
					divide[k/9] = most[k/9] / mean
					dw[k] /= most[k/9] / mean
				}
			})
		}, "both are divided"},
		{"one factor", func() Verdict {
			return E5(func(most []float32, mean float32, pw1, divide, dw []float32) {
				for k := range dw {
					divide[k/9] = slices.Max(most) / mean
					dw[k] *= slices.Max(most) / mean
				}
			})
		}, "one factor"},
		{"the wrong axis", func() Verdict {
			return E5(func(most []float32, mean float32, pw1, divide, dw []float32) {
				for i := range most {
					divide[i] = most[i] / mean
					for tap := range 9 {
						dw[tap*len(most)+i] *= divide[i]
					}
				}
			})
		}, "wrong axis"},
		{"folded into PW1", func() Verdict {
			return E5(func(most []float32, mean float32, pw1, divide, dw []float32) {
				for k := range pw1 {
					pw1[k] /= most[k*len(most)/len(pw1)] / mean
				}
				for k := range dw {
					dw[k] *= most[k/9] / mean
				}
			})
		}, "not homogeneous"},
		{"filters forgotten", func() Verdict {
			return E5(func(most []float32, mean float32, pw1, divide, dw []float32) {
				for i := range most {
					divide[i] = most[i] / mean
				}
			})
		}, "nothing makes up"},
	}},
	{"E6", false, func() Verdict { return E6(solutionE6) }, func() Verdict { return E6(starterE6) }, []mistake{
		{"Eq. 9 as printed", func() Verdict {
			return E6(func(lo, hi []float32, w, rounded [][]float32, b []float32) (where string, c, bias []float32) {
				minus := slices.Clone(lo)
				for i := range minus {
					minus[i] = -lo[i]
				}
				return solutionE6(minus, hi, w, rounded, b)
			})
		}, "as Eq. 9 is printed"},
		{"the sign", func() Verdict {
			return E6(func(lo, hi []float32, w, rounded [][]float32, b []float32) (where string, c, bias []float32) {
				_, c, bias = solutionE6(lo, hi, w, rounded, b)
				for j := range bias {
					bias[j] = 2*b[j] - bias[j]
				}
				return "PW2", c, bias
			})
		}, "sign"},
		{"rows for columns", func() Verdict {
			return E6(func(lo, hi []float32, w, rounded [][]float32, b []float32) (where string, c, bias []float32) {
				c, bias = make([]float32, len(lo)), slices.Clone(b)
				for i := range c {
					c[i] = (lo[i] + hi[i]) / 2
				}
				for i := range c {
					for j := range bias {
						bias[j] += c[i] * rounded[i][j]
					}
				}
				return "PW2", c, bias
			})
		}, "sums over the filters"},
		{"the constant of the filter", func() Verdict {
			return E6(func(lo, hi []float32, w, rounded [][]float32, b []float32) (where string, c, bias []float32) {
				c, bias = make([]float32, len(lo)), slices.Clone(b)
				for i := range c {
					c[i] = (lo[i] + hi[i]) / 2
				}
				for j := range bias {
					for i := range c {
						bias[j] += c[j] * rounded[j][i]
					}
				}
				return "PW2", c, bias
			})
		}, "sums over the filters"},
		{"exact weights", func() Verdict {
			return E6(func(lo, hi []float32, w, rounded [][]float32, b []float32) (where string, c, bias []float32) {
				return solutionE6(lo, hi, w, w, b)
			})
		}, "before they are rounded"},
		{"DW", func() Verdict { return E6(at("dw")) }, "at the corner of the map is off by"},
		{"PW1", func() Verdict { return E6(at("PW1")) }, "both sides"},
		{"nowhere", func() Verdict { return E6(at("stem")) }, "no convolution"},
	}},
	{"E7", false, func() Verdict { return E7(solutionE7) }, func() Verdict { return E7(starterE7) }, []mistake{
		{"floor", func() Verdict {
			return E7(func(divisor float32, lo, hi int) int {
				c := lo
				for c < hi && divisor >= float32(math.Exp2(float64(c+1))) {
					c++
				}
				return c
			})
		}, "cut off"},
		{"the text's rule", func() Verdict {
			return E7(func(divisor float32, lo, hi int) int {
				c := lo
				for c < hi && divisor >= 1.5*float32(math.Exp2(float64(c))) {
					c++
				}
				return c
			})
		}, "rule of the text"},
		{"clamped at 9", func() Verdict {
			return E7(func(divisor float32, lo, hi int) int { return solutionE7(divisor, lo, 9) })
		}, "These divisors reach"},
		{"the released codes", func() Verdict {
			return E7(func(divisor float32, lo, hi int) int { return solutionE7(divisor, -6, 9) })
		}, "These divisors reach"},
		{"zero", func() Verdict {
			return E7(func(divisor float32, lo, hi int) int {
				if divisor == 0 {
					return 0
				}
				return solutionE7(divisor, lo, hi)
			})
		}, "a divisor of 0"},
	}},
	{"E8", false, func() Verdict { return E8(solutionE8) }, func() Verdict { return E8(starterE8) }, []mistake{
		{"no ceilings", func() Verdict {
			return E8(func(cin, cout, pixels, mat, rmac, macs, copies int) int {
				return cin * cout * pixels / ((mat + rmac) * macs * copies)
			})
		}, "without a remainder"},
		{"floors", func() Verdict {
			return E8(func(cin, cout, pixels, mat, rmac, macs, copies int) int {
				return (cin / macs) * (cout / (mat + rmac)) * pixels / copies
			})
		}, "without a remainder"},
		{"MAT alone", func() Verdict {
			return E8(func(cin, cout, pixels, mat, rmac, macs, copies int) int {
				return solutionE8(cin, cout, pixels, mat, 0, macs, copies)
			})
		}, "only MAT"},
		{"one copy", func() Verdict {
			return E8(func(cin, cout, pixels, mat, rmac, macs, copies int) int {
				return solutionE8(cin, cout, pixels, mat, rmac, macs, 1)
			})
		}, "cycles of one copy"},
		{"imbalance", func() Verdict {
			return E8(func(cin, cout, pixels, mat, rmac, macs, copies int) int {
				return solutionE8(cin, cout, (pixels+copies-1)/copies, mat, rmac, macs, 1)
			})
		}, "you found imbalance"},
	}},
	{"E9", true, func() Verdict { return E9(solutionE9()...) }, func() Verdict { return E9(starterE9()...) }, []mistake{
		{"the roofline", func() Verdict { return E9("weight load", "off-chip bandwidth", "requantization") }, "configuration 2: the roofline"},
		{"the roofline's transfers", func() Verdict { return E9("weight load", "weight load", "requantization") }, "configuration 2: the roofline"},
		{"bandwidth without a name", func() Verdict { return E9("bandwidth", "weight port", "requantization") }, "configuration 1: bandwidth it is"},
		{"another stall", func() Verdict { return E9("weight load", "weight port", "imbalance") }, `configuration 3: for "imbalance" the engines wait`},
		{"no stall", func() Verdict { return E9("weight load", "weight port", "the units") }, "no stall"},
		{"two of three", func() Verdict { return E9("weight load", "weight port") }, "2 bottlenecks"},
	}},
	{"E10", true, func() Verdict { return E10(solutionE10()) }, func() Verdict { return E10(starterE10()) }, []mistake{
		{"20 copies", func() Verdict { return E10(with("copies", 20)) }, "1280 DSP slices"},
		{"large buffers", func() Verdict { return E10(with("buffers.input.kib", 4096)) }, "block RAMs"},
		{"a faster clock", func() Verdict { return E10(with("clock_mhz", 400)) }, "clock"},
		{"a winner in the closed form only", func() Verdict {
			c := arch.ZCU102()
			c.MAT.MACs, c.RMAC.MACs, c.Copies = 4, 4, 32
			return E10(c)
		}, "in the closed form only"},
		{"slower", func() Verdict { return E10(with("copies", 8)) }, "it takes"},
		{"no configuration", func() Verdict { return E10(arch.Config{}) }, "name"},
	}},
}

// at is the solution of E6 with another name of the convolution.
func at(convolution string) func(lo, hi []float32, w, rounded [][]float32, b []float32) (where string, c, bias []float32) {
	return func(lo, hi []float32, w, rounded [][]float32, b []float32) (where string, c, bias []float32) {
		_, c, bias = solutionE6(lo, hi, w, rounded, b)
		return convolution, c, bias
	}
}

// with is the paper's configuration with one field changed.
func with(field string, value any) arch.Config {
	c, err := arch.ZCU102().With(field, value)
	if err != nil {
		panic(err)
	}
	return c
}

// TestAnswers: with a hundred seeds every solution passes, every starter fails, and
// every wrong answer gets its own sentence.
func TestAnswers(t *testing.T) {
	for _, e := range exercises {
		seeds := 100
		if e.slow {
			seeds = 1
		}
		t.Run(e.name, func(t *testing.T) {
			for seed := range seeds {
				t.Setenv(SeedVariable, fmt.Sprint("seed ", seed))
				if v := e.solution(); !v.Passed || !strings.HasPrefix(v.String(), e.name+" passed: ") {
					t.Fatalf("seed %d: the solution: %s", seed, v)
				}
				if v := e.starter(); v.Passed || !strings.HasPrefix(v.String(), e.name+" not yet: ") {
					t.Fatalf("seed %d: the starter: %s", seed, v)
				}
				for _, w := range e.wrong {
					if v := w.answer(); v.Passed || !strings.Contains(v.Says, w.says) || strings.ContainsAny(v.Says, "\n\r") {
						t.Fatalf("seed %d: %s: %s, want %q", seed, w.name, v, w.says)
					}
				}
			}
		})
	}
}

// TestToldApart: on the inputs of every draw each wrong formula gives some wrong output,
// and its outputs differ from those of each wrong formula that has another sentence.
func TestToldApart(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 2))
		for _, fault := range []string{toldApart(e1(r)), toldApart(e2(r)), toldApart(e2Zeros(r)), toldApart(e3(r)), toldApart(e6(r)), toldApart(e7(r)), toldApart(e8(r))} {
			if fault != "" {
				t.Errorf("seed %d: %s", seed, fault)
			}
		}
	}
}

// toldApart returns an error's text where a wrong formula of a check is right, or gets
// the sentence of another one.
func toldApart[I, O any](c *check[I, O]) string {
	for _, w := range c.wrongs {
		for i, formula := range w.formulas {
			if v := c.of(formula); v.Passed || v.Says != w.says {
				return fmt.Sprintf("%s: formula %d of %q gets %q", c.exercise, i, w.says, v)
			}
			for _, other := range c.wrongs {
				if other.says != w.says && c.gives(formula, c.all(other.formulas[0])) {
					return fmt.Sprintf("%s: %q and %q have one formula", c.exercise, w.says, other.says)
				}
			}
		}
	}
	return ""
}

// TestUnlisted: an answer that no wrong formula gives gets a verdict with an input and
// the function's result. A panic gets a sentence. A function may write into its
// arguments.
func TestUnlisted(t *testing.T) {
	for _, c := range []struct {
		name string
		v    Verdict
		want string
	}{
		{"a constant", E1(func(x, step float32, lo, hi int) int { return 77 }), "your function returns 77, which is wrong"},
		{"a division by zero", E1(func(x, step float32, lo, hi int) int { return lo / min(0, hi) }), "panics for x "},
		{"no function", E7(nil), "panics"},
		{"an index", E3(func(x []int8, w [][]int8, _ float32, _ []float32) []float32 { return []float32{float32(w[99][0])} }), "out of range"},
		{"E5, an index", E5(func(most []float32, _ float32, _, _, _ []float32) { most[99] = 0 }), "out of range"},
		{"E5, something else", E5(func(_ []float32, _ float32, _, _, dw []float32) { dw[0]++ }), "channel 0: DW's output at pixel"},
		{"too short", E6(func(lo, hi []float32, w, rounded [][]float32, b []float32) (where string, c, bias []float32) {
			return "PW2", lo[:1], b
		}), "which is wrong"},
	} {
		if c.v.Passed || !strings.Contains(c.v.Says, c.want) {
			t.Errorf("%s: %s, want %q", c.name, c.v, c.want)
		}
	}
	v := E2(func(x []float32, hi int) float32 {
		slices.Sort(x)
		step := solutionE2(x, hi)
		clear(x)
		return step
	})
	if !v.Passed {
		t.Errorf("a function that writes into its arguments: %s", v)
	}
}

// TestEndless: a function that does not end does not hold up its cell.
func TestEndless(t *testing.T) {
	forever := make(chan struct{})
	defer close(forever)
	v := timed("E1", time.Millisecond, func() Verdict { <-forever; return Verdict{} })
	if v.Passed || !strings.Contains(v.Says, "has not ended after 1ms") {
		t.Error(v)
	}
}

// TestSeeds: the same seed draws the same inputs. Another seed draws other inputs, and so
// does the clock.
func TestSeeds(t *testing.T) {
	var drawn []string
	for _, seed := range []string{"a", "a", "b", "", ""} {
		t.Setenv(SeedVariable, seed)
		drawn = append(drawn, fmt.Sprint(e8(source()).inputs))
	}
	if drawn[0] != drawn[1] {
		t.Error("one seed draws two lists of inputs")
	}
	if drawn[1] == drawn[2] || drawn[3] == drawn[4] {
		t.Error("two seeds draw the same inputs")
	}
}

// TestPaper: the first case of E8 can be computed by hand.
func TestPaper(t *testing.T) {
	first := e8(source()).inputs[0]
	one, err := first.closed()
	if err != nil || one/16 != 6272 || first.event() != 8192 {
		t.Errorf("%d and %d cycles, %v", one/16, first.event(), err)
	}
}
