// SPDX-License-Identifier: Apache-2.0

package register

import (
	"bufio"
	"fmt"
	"io"
	"math"

	"github.com/gotriovit/gotriovit/hwsim/arch"
)

// A VCD writes all registers as a value change dump (IEEE 1364), which any waveform viewer
// opens. Its Watch method is the [Watch] of one operation:
//
//	dump := register.NewVCD(file, c)
//	y, trace, err := register.Convolution(c, x, conv, dump.Watch)
//	err = dump.Close()
type VCD struct {
	w      *bufio.Writer
	period float64 // length of a cycle in ps
	end    int64   // number of cycles so far
	last   []int32 // the last value of each register, MAT's first, then R-MAC's
	codes  []string
}

// NewVCD begins a dump of the configuration's engines.
func NewVCD(w io.Writer, c arch.Config) *VCD {
	v := &VCD{w: bufio.NewWriter(w), period: 1e6 / c.ClockMHz}
	fmt.Fprintf(v.w, "$comment %s $end\n$timescale 1 ps $end\n$scope module mat $end\n", c)
	for i := range c.MAT.Lanes {
		v.register(fmt.Sprintf("lane%d", i))
	}
	fmt.Fprint(v.w, "$upscope $end\n$scope module rmac $end\n")
	for i := range c.RMAC.Lanes {
		for j := range c.RMAC.MACs {
			v.register(fmt.Sprintf("lane%d_mac%d", i, j))
		}
	}
	fmt.Fprint(v.w, "$upscope $end\n$enddefinitions $end\n#0\n$dumpvars\n")
	v.last = make([]int32, len(v.codes))
	for i := range v.codes {
		v.value(i)
	}
	fmt.Fprint(v.w, "$end\n")
	return v
}

// register declares the next register.
func (v *VCD) register(name string) {
	// The format's short names are numbers whose digits are the printable characters.
	const first, base = '!', '~' - '!' + 1
	var code []byte
	for n := len(v.codes); ; n = n/base - 1 {
		code = append(code, byte(first+n%base))
		if n < base {
			break
		}
	}
	v.codes = append(v.codes, string(code))
	fmt.Fprintf(v.w, "$var reg 32 %s %s $end\n", code, name)
}

func (v *VCD) value(i int) { fmt.Fprintf(v.w, "b%b %s\n", uint32(v.last[i]), v.codes[i]) }

func (v *VCD) time(cycle int64) {
	fmt.Fprintf(v.w, "#%d\n", int64(math.Round(float64(cycle)*v.period)))
}

// Watch writes the registers that have changed in a cycle, at the time when the cycle
// ends.
func (v *VCD) Watch(r Registers) {
	v.end = r.Cycle
	v.time(r.Cycle)
	i := 0
	set := func(now int32) {
		if v.last[i] != now {
			v.last[i] = now
			v.value(i)
		}
		i++
	}
	for _, now := range r.MAT {
		set(now)
	}
	for _, lane := range r.RMAC {
		for _, now := range lane {
			set(now)
		}
	}
}

// Close ends the dump one cycle after the last, so that a viewer shows it, and
// returns the first error of the writer.
func (v *VCD) Close() error {
	v.time(v.end + 1)
	if err := v.w.Flush(); err != nil {
		return fmt.Errorf("register: value change dump: %w", err)
	}
	return nil
}
