// SPDX-License-Identifier: Apache-2.0

package exercise

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/event"
	"github.com/gotriovit/gotriovit/hwsim/workload"
)

// E8 checks a function that returns the cycles, by the closed form, of a pointwise
// convolution from cin to cout channels on a map of some number of pixels. Each lane of
// MAT and of R-MAC has macs MACs. The copies divide the cycles among them. A function may
// round its last division up or down.
func E8(cycles func(cin, cout, pixels, matLanes, rmacLanes, macs, copies int) int) Verdict {
	return timed("E8", limit, func() Verdict {
		return e8(source()).of(func(p pw) int {
			return cycles(p.op.Cin, p.op.Cout, p.op.H*p.op.W, p.config.MAT.Lanes, p.config.RMAC.Lanes, p.config.MAT.MACs, p.config.Copies)
		})
	})
}

// A pw is a pointwise convolution on a configuration of the accelerator.
type pw struct {
	op     workload.Operation
	config arch.Config
}

func e8(r *rand.Rand) *check[pw, int] {
	var inputs []pw
	for i := range 6 {
		side := 7 + r.IntN(5)
		p := pw{workload.Operation{Name: "PW1", Label: "PW1", Unit: workload.Engines, Form: workload.Convolution,
			Cin: 200 + r.IntN(200), Cout: 900 + r.IntN(200), H: side, W: side, Groups: 1, Kernel: 1, Stride: 1}, arch.ZCU102()}
		if i == 0 { // the first layer is the last PW1 of EfficientViT-B1, where all sizes divide
			p.op.Cin, p.op.Cout, p.op.H, p.op.W = 256, 1024, 7, 7
		} else {
			p.config.MAT = arch.Engine{Lanes: 5 + r.IntN(5), MACs: 6 + r.IntN(5)}
			p.config.RMAC = arch.Engine{Lanes: 5 + r.IntN(5), MACs: p.config.MAT.MACs}
			p.config.Copies = 14 + r.IntN(4)
		}
		inputs = append(inputs, p)
	}
	of := func(f func(cin, cout, pixels, lanes, macs, copies float64) float64) func(pw) int {
		return func(p pw) int {
			c := p.config
			return int(f(float64(p.op.Cin), float64(p.op.Cout), float64(p.op.H*p.op.W), float64(c.MAT.Lanes+c.RMAC.Lanes), float64(c.MAT.MACs), float64(c.Copies)))
		}
	}
	return &check[pw, int]{
		exercise: "E8", inputs: inputs,
		right: func(p pw, got int) bool {
			one, err := p.closed()
			return err == nil && math.Abs(float64(got)-float64(one)/float64(p.config.Copies)) < 1
		},
		same: func(a, b int) bool { return max(a-b, b-a) <= 1 },
		wrongs: []wrong[pw, int]{
			{"sizes divide without a remainder in yours. A lane without a channel waits for the others all the same.", []func(pw) int{
				of(func(cin, cout, pixels, lanes, macs, copies float64) float64 {
					return cin * cout * pixels / (lanes * macs * copies)
				}),
				of(func(cin, cout, pixels, lanes, macs, copies float64) float64 {
					return math.Floor(cin/macs) * math.Floor(cout/lanes) * pixels / copies
				}),
			}},
			{"only MAT works in yours, but R-MAC does pointwise convolutions too.", []func(pw) int{
				func(p pw) int {
					lanes := p.config.MAT.Lanes
					return of(func(cin, cout, pixels, _, macs, copies float64) float64 {
						return math.Ceil(cin/macs) * math.Ceil(cout/float64(lanes)) * pixels / copies
					})(p)
				},
			}},
			{"these are the cycles of one copy: the others are forgotten.", []func(pw) int{
				of(func(cin, cout, pixels, lanes, macs, _ float64) float64 {
					return math.Ceil(cin/macs) * math.Ceil(cout/lanes) * pixels
				}),
			}},
			{"this is the event-driven model's count: you found imbalance. The copies cannot divide these pixels evenly, which the closed form does not know, and the closed form is asked for.", []func(pw) int{
				pw.event,
			}},
		},
		show: func(p pw) string {
			c := p.config
			return fmt.Sprintf("%d to %d channels, %d pixels, %d + %d lanes of %d MACs, %d copies", p.op.Cin, p.op.Cout, p.op.H*p.op.W, c.MAT.Lanes, c.RMAC.Lanes, c.MAT.MACs, c.Copies)
		},
	}
}

func (p pw) workload() *workload.Workload {
	return &workload.Workload{Name: "exercise", Ops: []workload.Operation{p.op}}
}

// closed returns the cycles of one copy, by the closed form.
func (p pw) closed() (int64, error) {
	result, err := closed.Charge(p.workload(), p.config, hwsim.Backbone)
	if err != nil {
		return 0, err
	}
	return result.Undivided, nil
}

// event returns the cycles of the event-driven model with free memory. It panics if the
// model refuses the run.
func (p pw) event() int {
	run, err := event.Simulate(p.workload(), p.config, event.Options{FreeMemory: true, FreeAuxiliary: true})
	if err != nil {
		panic(err)
	}
	return int(run.Cycles)
}
