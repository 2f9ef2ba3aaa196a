// SPDX-License-Identifier: Apache-2.0

package register

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/hwsim"
	"github.com/gotriovit/gotriovit/hwsim/arch"
	"github.com/gotriovit/gotriovit/hwsim/closed"
	"github.com/gotriovit/gotriovit/hwsim/workload"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// What the accelerator has to compute, written without lanes.

// convolve gathers the outputs of a grouped convolution one by one.
func convolve(x Map[int8], w Filters, stride int) Map[int32] {
	y := NewMap[int32]((x.H-1)/stride+1, (x.W-1)/stride+1, w.Cout)
	perGroup := w.Cout / (x.C / w.Cin)
	for i := range y.Data {
		co, ox, oy := i%y.C, i/y.C%y.W, i/y.C/y.W
		for j := range w.Kernel * w.Kernel * w.Cin {
			ci, kx, ky := j%w.Cin, j/w.Cin%w.Kernel, j/w.Cin/w.Kernel
			iy, ix := oy*stride+ky-w.Kernel/2, ox*stride+kx-w.Kernel/2
			if iy < 0 || iy >= x.H || ix < 0 || ix >= x.W {
				continue
			}
			ci += co / perGroup * w.Cin
			y.Data[i] += int32(x.Data[(iy*x.W+ix)*x.C+ci]) * int32(w.Data[co*w.Kernel*w.Kernel*w.Cin+j])
		}
	}
	return y
}

// requantize rounds as floating point does: half to even.
func requantize(m Map[int32], r Requantization) Map[int8] {
	out := NewMap[int8](m.H, m.W, m.C)
	for i, sum := range m.Data {
		v := float64(sum)
		if r.Offset != nil {
			v -= float64(r.Offset[i%m.C])
		}
		out.Data[i] = int8(max(-128, min(127, math.RoundToEven(math.Ldexp(v, -r.Shift)))))
	}
	return out
}

func multiply(a, b Matrices[int8]) Matrices[int32] {
	y := NewMatrices[int32](a.Heads, a.Rows, b.Cols)
	for h := range a.Heads {
		for i := range a.Rows {
			for j := range b.Cols {
				for n := range a.Cols {
					y.Data[(h*a.Rows+i)*b.Cols+j] += int32(a.Data[(h*a.Rows+i)*a.Cols+n]) * int32(b.Data[(h*b.Rows+n)*b.Cols+j])
				}
			}
		}
	}
	return y
}

// attend is the attention with divisors rounded down to powers of two.
func attend(q, k, v Matrices[int8], shiftS, shiftSum int) Matrices[int32] {
	y := NewMatrices[int32](q.Heads, q.Rows, q.Cols)
	s := multiply(k.Transpose(), v)
	s8 := requantize(Map[int32]{1, len(s.Data), 1, s.Data}, Requantization{Shift: shiftS}).Data
	for h := range q.Heads {
		sum := NewMap[int32](1, 1, q.Cols)
		for i := range q.Rows * q.Cols {
			sum.Data[i%q.Cols] += int32(k.Data[h*q.Rows*q.Cols+i])
		}
		sum8 := requantize(sum, Requantization{Shift: shiftSum}).Data
		for t := range q.Rows {
			row := q.Data[(h*q.Rows+t)*q.Cols:][:q.Cols]
			divisor := 0
			for i, n := range row {
				divisor += int(n) * int(sum8[i])
			}
			power := 1.0
			for 2*power <= float64(divisor) {
				power *= 2
			}
			for j := range q.Cols {
				dividend := 0
				for i, n := range row {
					dividend += int(n) * int(s8[(h*q.Cols+i)*q.Cols+j])
				}
				y.Data[(h*q.Rows+t)*q.Cols+j] = int32(math.RoundToEven(float64(dividend) / power))
			}
		}
	}
	return y
}

// Random data from one seed: a failing example stays short.

func fill(seed uint64, lowest int, data []int8) {
	r := rand.New(rand.NewPCG(seed, 1))
	for i := range data {
		data[i] = int8(lowest + r.IntN(128-lowest))
	}
}

func randomMap(seed uint64, h, w, c int) Map[int8] {
	m := NewMap[int8](h, w, c)
	fill(seed, -128, m.Data)
	return m
}

func randomFilters(seed uint64, cout, k, cin int) Filters {
	f := NewFilters(cout, k, cin)
	fill(seed, -128, f.Data)
	return f
}

func randomMatrices(seed uint64, lowest, heads, rows, cols int) Matrices[int8] {
	m := NewMatrices[int8](heads, rows, cols)
	fill(seed, lowest, m.Data)
	return m
}

// engines is one copy with MAT and R-MAC of lanes × MACs.
func engines(matLanes, matMACs, rmacLanes, rmacMACs int) arch.Config {
	c := arch.ZCU102()
	c.MAT, c.RMAC = arch.Engine{Lanes: matLanes, MACs: matMACs}, arch.Engine{Lanes: rmacLanes, MACs: rmacMACs}
	c.Copies = 1
	return c
}

// drawEngines draws engines that the closed form can express, R-MAC's lanes
// being no fewer in MACs, or any.
func drawEngines(t *rapid.T, expressible bool) arch.Config {
	size := rapid.IntRange(1, 8)
	mat := size.Draw(t, "MAT MACs")
	least := 1
	if expressible {
		least = mat
	}
	return engines(size.Draw(t, "MAT lanes"), mat, size.Draw(t, "R-MAC lanes"), rapid.IntRange(least, 8).Draw(t, "R-MAC MACs"))
}

// closedForm charges one operation, or a streamed pair.
func closedForm(t rapid.TB, c arch.Config, ops ...workload.Operation) int64 {
	t.Helper()
	r, err := closed.Charge(&workload.Workload{Name: "one", Ops: ops}, c, hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	return r.Undivided
}

func convOp(h, w, cin, cout, k, stride, groups int) workload.Operation {
	return workload.Operation{Name: "conv", Unit: workload.Engines, Form: workload.Convolution,
		H: h, W: w, Cin: cin, Cout: cout, Groups: groups, Kernel: k, Stride: stride}
}

func depthwiseOp(h, w, c, k, stride int) workload.Operation {
	return workload.Operation{Name: "dw", Unit: workload.Engines, Form: workload.Depthwise,
		H: h, W: w, Cin: 1, Cout: c, Groups: c, Kernel: k, Stride: stride}
}

func productOp(heads, rows, inner, cols int) workload.Operation {
	return workload.Operation{Name: "product", Unit: workload.Engines, Form: workload.Product,
		Heads: heads, Rows: rows, Inner: inner, Cols: cols}
}

// checkTrace holds what is true of every trace of that many multiply-accumulates.
func checkTrace(t rapid.TB, trace Trace, macs int64) {
	t.Helper()
	if trace.MAT.Busy+trace.MAT.Idle != trace.Cycles || trace.RMAC.Busy+trace.RMAC.Idle != trace.Cycles {
		t.Errorf("%+v: busy and idle do not add up to the cycles", trace)
	}
	if made := trace.MAT.MACs + trace.RMAC.MACs - trace.Discarded; made != macs {
		t.Errorf("%+v: %d MACs without the discarded ones, want %d", trace, made, macs)
	}
}

func checkEqual(t rapid.TB, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("outputs (-want +got):\n%.2000s", d)
	}
}

// Convolutions of any kernel, stride and groups. The cycles are the closed
// form's, which knows no groups.
func TestConvolution(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		small := rapid.IntRange(1, 9)
		groups := rapid.SampledFrom([]int{1, 1, 1, 2, 3}).Draw(t, "groups")
		c := drawEngines(t, groups == 1)
		k, stride := rapid.SampledFrom([]int{1, 3, 5}).Draw(t, "kernel"), rapid.IntRange(1, 2).Draw(t, "stride")
		h, w := small.Draw(t, "height"), small.Draw(t, "width")
		cin, cout := rapid.IntRange(1, 20).Draw(t, "channels in"), rapid.IntRange(1, 40).Draw(t, "channels out")
		x, f := randomMap(1, h, w, cin*groups), randomFilters(2, cout*groups, k, cin)
		y, trace, err := Convolution(c, x, f, stride)
		if err != nil {
			t.Fatal(err)
		}
		checkEqual(t, y, convolve(x, f, stride))
		op := convOp(y.H, y.W, cin, cout*groups, k, stride, groups)
		checkTrace(t, trace, op.MACs())
		if groups == 1 {
			if want := closedForm(t, c, op); trace.Cycles != want {
				t.Errorf("%d cycles, closed form %d", trace.Cycles, want)
			}
		}
	})
}

func TestDepthwise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawEngines(t, true)
		side := rapid.IntRange(1, 14)
		k, stride := rapid.SampledFrom([]int{1, 3, 5}).Draw(t, "kernel"), rapid.IntRange(1, 2).Draw(t, "stride")
		x := randomMap(1, side.Draw(t, "height"), side.Draw(t, "width"), rapid.IntRange(1, 20).Draw(t, "channels"))
		f := randomFilters(2, x.C, k, 1)
		y, trace, err := Depthwise(c, x, f, stride)
		if err != nil {
			t.Fatal(err)
		}
		checkEqual(t, y, convolve(x, f, stride))
		op := depthwiseOp(y.H, y.W, x.C, k, stride)
		checkTrace(t, trace, op.MACs())
		if trace.MAT.Busy != 0 {
			t.Errorf("MAT is busy for %d cycles", trace.MAT.Busy)
		}
		if want := closedForm(t, c, op); trace.Cycles != want {
			t.Errorf("%d cycles, closed form %d", trace.Cycles, want)
		}
	})
}

func TestProduct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawEngines(t, true)
		size := rapid.IntRange(1, 20)
		heads := rapid.IntRange(1, 6).Draw(t, "heads")
		rows, inner, cols := size.Draw(t, "rows"), size.Draw(t, "inner"), size.Draw(t, "columns")
		a, b := randomMatrices(1, -128, heads, rows, inner), randomMatrices(2, -128, heads, inner, cols)
		y, trace, err := Product(c, a, b)
		if err != nil {
			t.Fatal(err)
		}
		checkEqual(t, y, multiply(a, b))
		op := productOp(heads, rows, inner, cols)
		checkTrace(t, trace, op.MACs())
		want := closedForm(t, c, op)
		if trace.Cycles > want || trace.Cycles < want && heads%2 == 0 {
			t.Errorf("%d cycles, closed form %d", trace.Cycles, want)
		}
	})
}

// A stream is a depthwise convolution and the pointwise one behind it.
type stream struct {
	h, w, c, cout  int // the input's height, width and channels
	kernel, stride int
	groups         int
}

// run steps the stream, compares its outputs and returns the trace and the two
// operations.
func (s stream) run(t rapid.TB, c arch.Config) (Trace, []workload.Operation) {
	t.Helper()
	x := randomMap(1, s.h, s.w, s.c)
	dw, pw := randomFilters(2, s.c, s.kernel, 1), randomFilters(3, s.cout, 1, s.c/s.groups)
	r := Requantization{Offset: make([]int32, s.c), Shift: 9}
	for i := range r.Offset {
		r.Offset[i] = int32(1000*i - 3000)
	}
	y, trace, err := InterLayer(c, x, dw, s.stride, r, pw)
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, y, convolve(requantize(convolve(x, dw, s.stride), r), pw, 1))
	first, second := depthwiseOp(y.H, y.W, s.c, s.kernel, s.stride), convOp(y.H, y.W, s.c/s.groups, s.cout, 1, 1, s.groups)
	first.Feeds, second.Behind = second.Name, first.Name
	checkTrace(t, trace, first.MACs()+second.MACs())
	return trace, []workload.Operation{first, second}
}

// differences names every reason in the package comment for which the steps of a
// stream may not be what the closed form charges.
func (s stream) differences(c arch.Config) []string {
	var causes []string
	note := func(cause string, applies bool) {
		if applies {
			causes = append(causes, cause)
		}
	}
	up := func(a, b int) int { return (a + b - 1) / b }
	lanes, perGroup := c.MAT.Lanes+c.RMAC.Lanes, s.cout/s.groups
	note("passes", min(lanes, perGroup)%c.MAT.Lanes != 0)
	note("last tile", perGroup > lanes && perGroup%lanes != 0)
	note("groups", s.groups > 1 && perGroup%lanes != 0)

	// Pixels of a row come together, and MAT has to be busy with those before.
	passes := s.groups * (perGroup/lanes*up(lanes, c.MAT.Lanes) + up(perGroup%lanes, c.MAT.Lanes))
	setUp := up(s.c, c.RMAC.MACs) * s.kernel * s.kernel
	come, free, waits := 0, setUp, false
	for range up(s.h, s.stride) {
		for pixels := up(s.w, s.stride); pixels > 0; pixels -= c.RMAC.Lanes {
			come += setUp
			waits = waits || free < come
			free = max(free, come) + min(pixels, c.RMAC.Lanes)*passes*up(s.c/s.groups, c.MAT.MACs)
		}
	}
	note("waiting", waits)
	return causes
}

// The stream takes the closed form's cycles unless one of the named causes
// applies, and fewer for two of them only; outputs are right in any case.
func TestInterLayer(t *testing.T) {
	side := rapid.IntRange(1, 10)
	equal := 0
	rapid.Check(t, func(t *rapid.T) {
		c := drawEngines(t, true)
		s := stream{
			h: side.Draw(t, "height"), w: side.Draw(t, "width"),
			kernel: rapid.SampledFrom([]int{1, 3, 5}).Draw(t, "kernel"), stride: rapid.IntRange(1, 2).Draw(t, "stride"),
			groups: rapid.SampledFrom([]int{1, 1, 1, 2}).Draw(t, "groups"),
		}
		s.c = s.groups * rapid.IntRange(1, 24).Draw(t, "channels")
		if rapid.Bool().Draw(t, "whole tiles") {
			c.RMAC.Lanes = c.MAT.Lanes
			s.cout = s.groups * 2 * c.MAT.Lanes * rapid.IntRange(1, 3).Draw(t, "tiles")
		} else {
			s.cout = s.groups * rapid.IntRange(1, 40).Draw(t, "channels out")
		}
		trace, ops := s.run(t, c)
		causes := s.differences(c)
		want := closedForm(t, c, ops...)
		if trace.Cycles != want && len(causes) == 0 {
			t.Errorf("%d cycles, closed form %d, and no named cause applies", trace.Cycles, want)
		}
		if trace.Cycles < want && !slices.Contains(causes, "last tile") && !slices.Contains(causes, "groups") {
			t.Errorf("%d cycles, closed form %d, and no cause for fewer among %q", trace.Cycles, want, causes)
		}
		if len(causes) == 0 {
			equal++
		}
	})
	if equal == 0 {
		t.Error("every example had a named difference: nothing was compared")
	}
}

// Streams whose cycles are the closed form's, worked out by hand, and one for
// each cause of a difference. p is the steps for one output.
func TestInterLayerCycles(t *testing.T) {
	paper := engines(8, 8, 8, 8)
	tests := []struct {
		name         string
		stream       stream
		config       arch.Config
		role         efficientvit.Role
		cycles, want int64 // stepped, closed form
		discarded    int64
		cause        string
	}{
		// T_dw = 6·2·9 = 108, set-up 18, p = 2: MAT makes 45 passes, 22 pixels;
		// 14 are left.
		{"MBConv", stream{6, 6, 16, 16, 3, 1, 1}, paper, efficientvit.NoRole, 108 + 14*2, 136, 0, ""},
		// T_dw = 4·2·9 = 72, set-up 18, p = 2: 27 passes, 13 pixels of 20; then
		// the second tile.
		{"MBConv, stride 2", stream{7, 9, 16, 32, 3, 2, 1}, paper, efficientvit.NoRole, 72 + 7*2 + 20*2, 126, 0, ""},
		// T_dw = 6·2·9 = 108, set-up 18, p = 3: 30 passes, 15 pixels of 36. R-MAC
		// has 16 MACs in a lane, of which the pointwise convolution uses 8.
		{"wide R-MAC", stream{6, 6, 20, 32, 3, 1, 1}, engines(8, 8, 8, 16), efficientvit.NoRole, 108 + 21*3 + 36*3, 279, 0, ""},
		// T_dw = 6·9 = 54, set-up 9, p = 2: in 45 cycles MAT makes 22 passes and
		// the first half of another, which is lost.
		{"half a sum is lost", stream{6, 6, 16, 16, 3, 1, 1}, engines(8, 8, 8, 16), efficientvit.NoRole, 54 + 25*2, 104, 64, ""},
		// T_dw = 2·9 = 18, set-up 9, p = 1: 8 pixels come after 9 cycles, MAT is
		// done with them after 17, then waits for the others until R-MAC ends.
		{"MAT waits for pixels", stream{2, 8, 8, 8, 3, 1, 1}, paper, efficientvit.NoRole, 18 + 8, 25, 0, "waiting"},
		// T_dw = 4·6·25 = 600, set-up 150, p = 2: the last 4 pixels come when
		// R-MAC ends, and have 3 tiles each.
		{"aggregation", stream{4, 4, 48, 48, 5, 1, 3}, paper, efficientvit.NoRole, 600 + 4*3*2, 600, 0, "waiting"},
		// T_dw = 2·12·25 = 600, set-up 300, p = 4: 75 passes, 37 of 16·6 tiles.
		// The authors charge 32 of the 96 output channels.
		{"aggregation, all its channels", stream{2, 8, 96, 96, 5, 1, 3}, paper, efficientvit.NoRole, 600 + 59*4, 836, 0, ""},
		{"aggregation, as the authors charge it", stream{2, 8, 96, 96, 5, 1, 3}, paper, efficientvit.AggPW, 600 + 59*4, 600, 0, ""},
		// T_dw = 2·6·2·9 = 216, set-up 18, p = 2: 99 passes. MAT's 8 lanes need
		// two for a tile of 12, not one and a half: 49 of 2·48.
		{"lanes do not divide the tile", stream{6, 8, 16, 24, 3, 1, 1}, engines(8, 8, 4, 8), efficientvit.NoRole, 216 + 47*2, 276, 0, "passes"},
		// T_dw = 4·2·9 = 72, set-up 18, p = 2: a row of 4 pixels comes every 18
		// cycles, of which MAT needs 16 for the first tile and 2 for a pixel of
		// the second, whose 4 channels are one pass. 12 + 3 of 2·16 are made.
		{"last tile is narrow", stream{4, 4, 16, 12, 3, 1, 1}, engines(4, 8, 4, 8), efficientvit.NoRole, 72 + 17*2, 110, 0, "last tile"},
		// T_dw = 2·8·9 = 144, set-up 72, p = 4: 18 passes, each a tile of 8
		// channels, for the next group has other inputs; 46 of 2·32 are left.
		{"groups narrower than the lanes", stream{2, 16, 64, 16, 3, 1, 2}, engines(8, 8, 16, 8), efficientvit.NoRole, 144 + 46*4, 236, 0, "groups"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			trace, ops := test.stream.run(t, test.config)
			ops[1].Role = test.role
			if got := closedForm(t, test.config, ops...); trace.Cycles != test.cycles || got != test.want {
				t.Errorf("%d cycles, closed form %d; want %d and %d: %+v", trace.Cycles, got, test.cycles, test.want, trace)
			}
			if trace.Discarded != test.discarded {
				t.Errorf("%d MACs discarded, want %d", trace.Discarded, test.discarded)
			}
			if causes := strings.Join(test.stream.differences(test.config), ", "); causes != test.cause {
				t.Errorf("causes %q, want %q", causes, test.cause)
			}
		})
	}
}

// charged returns what the closed form charges for EfficientViT-B1 at a
// resolution, and its operations by their names.
func charged(t *testing.T, c arch.Config, side int) ([]closed.OpCycles, map[string]workload.Operation) {
	t.Helper()
	net, err := efficientvit.Describe("b1-r224", efficientvit.InputSize(side, side))
	if err != nil {
		t.Fatal(err)
	}
	w, err := workload.FromNetwork(net)
	if err != nil {
		t.Fatal(err)
	}
	r, err := closed.Charge(w, c, hwsim.Backbone)
	if err != nil {
		t.Fatal(err)
	}
	ops := make(map[string]workload.Operation)
	for _, o := range w.Ops {
		ops[o.Name] = o
	}
	return r.Ops, ops
}

const aggregation = "aggregation DW + aggregation PW"

// Every operation of a whole backbone, with its outputs, at a size where plain
// integer arithmetic is fast. Only the aggregation's cycles are not the closed
// form's.
func TestBackbone(t *testing.T) {
	c := engines(8, 8, 8, 8)
	list, ops := charged(t, c, 64)
	differ := make(map[string]int)
	for _, o := range list {
		op := ops[o.Name]
		var trace Trace
		var err error
		switch {
		case op.Form == workload.Product:
			a, b := randomMatrices(1, -128, op.Heads, op.Rows, op.Inner), randomMatrices(2, -128, op.Heads, op.Inner, op.Cols)
			var y Matrices[int32]
			if y, trace, err = Product(c, a, b); err != nil {
				t.Fatal(err)
			}
			checkEqual(t, y, multiply(a, b))
		case o.Streamed != "":
			dw := ops[o.Streamed]
			s := stream{dw.H * dw.Stride, dw.W * dw.Stride, dw.Cout, op.Cout, dw.Kernel, dw.Stride, op.Groups}
			trace, _ = s.run(t, c)
		default:
			x, f := randomMap(1, op.H*op.Stride, op.W*op.Stride, op.Cin*op.Groups), randomFilters(2, op.Cout, op.Kernel, op.Cin)
			var y Map[int32]
			if y, trace, err = Convolution(c, x, f, op.Stride); err != nil {
				t.Fatal(err)
			}
			checkEqual(t, y, convolve(x, f, op.Stride))
		}
		checkTrace(t, trace, o.MACs)
		if trace.Cycles != o.Cycles {
			differ[o.Label]++
		}
	}
	checkEqual(t, differ, map[string]int{aggregation: 7})
}

// The paper's network at its resolution, cycles alone. The three aggregations of
// 14×14 tokens end with 6 pixels of 24 tiles of two steps, the four of 7×7 with 7
// pixels of 48: those come when R-MAC ends.
func TestB1R224(t *testing.T) {
	if testing.Short() {
		t.Skip("steps 4 million cycles")
	}
	c := engines(8, 8, 8, 8)
	list, ops := charged(t, c, 224)
	var total int64
	differ := make(map[string][]int64)
	for _, o := range list {
		op := ops[o.Name]
		var trace Trace
		var err error
		switch {
		case op.Form == workload.Product:
			_, trace, err = Product(c, NewMatrices[int8](op.Heads, op.Rows, op.Inner), NewMatrices[int8](op.Heads, op.Inner, op.Cols))
		case o.Streamed != "":
			dw := ops[o.Streamed]
			_, trace, err = InterLayer(c, NewMap[int8](dw.H*dw.Stride, dw.W*dw.Stride, dw.Cout), NewFilters(dw.Cout, dw.Kernel, 1), dw.Stride,
				Requantization{}, NewFilters(op.Cout, 1, op.Cin))
		default:
			_, trace, err = Convolution(c, NewMap[int8](op.H*op.Stride, op.W*op.Stride, op.Cin), NewFilters(op.Cout, op.Kernel, op.Cin), op.Stride)
		}
		if err != nil {
			t.Fatal(err)
		}
		total += trace.Cycles
		if more := trace.Cycles - o.Cycles; more != 0 {
			differ[o.Label] = append(differ[o.Label], more)
		}
	}
	small, large := int64(6*24*2), int64(7*48*2)
	checkEqual(t, differ, map[string][]int64{aggregation: {small, small, small, large, large, large, large}})
	if want := 4005490 + 3*small + 4*large; total != want {
		t.Errorf("%d cycles, want %d", total, want)
	}
}

func TestIntraLayer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawEngines(t, false)
		size := rapid.IntRange(1, 20)
		heads, tokens, dim := rapid.IntRange(1, 5).Draw(t, "heads"), size.Draw(t, "tokens"), size.Draw(t, "dim")
		q, k, v := randomMatrices(1, 0, heads, tokens, dim), randomMatrices(2, 0, heads, tokens, dim), randomMatrices(3, -128, heads, tokens, dim)
		shiftS, shiftSum := rapid.IntRange(0, 14).Draw(t, "shift of S"), rapid.IntRange(0, 14).Draw(t, "shift of the sum")
		y, trace, err := IntraLayer(c, q, k, v, shiftS, shiftSum)
		if err != nil {
			t.Fatal(err)
		}
		checkEqual(t, y, attend(q, k, v, shiftS, shiftSum))
		n := int64(heads) * int64(tokens) * int64(dim)
		checkTrace(t, trace, 2*n*int64(dim)+n)
	})
}

// On the paper's engines, 16 tokens of 4 heads of 16: S of a head takes R-MAC
// 16·2·2 = 64 cycles, of which MAT waits for the first. A head then takes MAT
// alone 2·2 for the divisors and 16·2·2 for the dividends. When R-MAC joins,
// after 256 cycles, MAT has made two heads, and of the third the divisors and,
// in 52 cycles, 13 pixels. Both make the other 3 in 6 cycles and the last head in
// 2 + 32.
func TestIntraLayerCycles(t *testing.T) {
	q, k, v := randomMatrices(1, 0, 4, 16, 16), randomMatrices(2, 0, 4, 16, 16), randomMatrices(3, -128, 4, 16, 16)
	_, trace, err := IntraLayer(engines(8, 8, 8, 8), q, k, v, 8, 4)
	if err != nil {
		t.Fatal(err)
	}
	want := Trace{
		Cycles: 256 + 6 + 34,
		MAT:    Usage{Busy: 256 - 64 + 6 + 34, Idle: 64, MACs: (256 - 64 + 6 + 34) * 64},
		RMAC:   Usage{Busy: 296, MACs: 296 * 64},
	}
	if trace != want {
		t.Errorf("got  %+v\nwant %+v", trace, want)
	}
}

// An odd head is MAT's; the closed form rounds up the half of both engines.
func TestOddHeads(t *testing.T) {
	c := engines(8, 8, 4, 8)
	_, trace, err := Product(c, NewMatrices[int8](3, 4, 8), NewMatrices[int8](3, 8, 16))
	if err != nil {
		t.Fatal(err)
	}
	// MAT: 2 heads · 4 rows · 2 · 1; R-MAC: 1 · 4 · 4 · 1, by the closed form twice.
	if got := closedForm(t, c, productOp(3, 4, 8, 16)); trace.Cycles != 16 || got != 32 {
		t.Errorf("%d cycles, closed form %d, want 16 and 32", trace.Cycles, got)
	}
}

func TestRoundHalfToEven(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v, n := int64(rapid.Int32().Draw(t, "value")), rapid.IntRange(0, 31).Draw(t, "shift")
		if got, want := shiftRight(v, n), int64(math.RoundToEven(math.Ldexp(float64(v), -n))); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	})
}

// The largest sums that are allowed do not pass 32 bits.
func TestExtremeOperands(t *testing.T) {
	x, f := NewMap[int8](1, 1, maxProducts), NewFilters(1, 1, maxProducts)
	for i := range x.Data {
		x.Data[i], f.Data[i] = -128, -128
	}
	for _, c := range []arch.Config{engines(1, 8, 1, 8), engines(1, 7, 3, 5)} {
		y, _, err := Convolution(c, x, f, 1)
		if err != nil {
			t.Fatal(err)
		}
		if want := int32(maxProducts << 14); y.Data[0] != want {
			t.Errorf("%v: %d, want %d", c, y.Data[0], want)
		}
	}
}

func TestErrors(t *testing.T) {
	c := engines(2, 2, 2, 2)
	broken := c
	broken.Name, broken.MAT.Lanes = "broken", 0
	narrow, parallel := c, c
	narrow.MultiplierBits, parallel.Depthwise = 4, arch.ChannelParallel
	x := NewMap[int8](4, 4, 6)
	dw := NewFilters(6, 3, 1)
	m := func(heads, rows, cols int) Matrices[int8] { return NewMatrices[int8](heads, rows, cols) }
	negative := m(1, 2, 2)
	negative.Data[3] = -3
	tests := []struct {
		name string
		run  func() error
		want string
	}{
		{"configuration", func() error { _, _, err := Convolution(broken, x, NewFilters(4, 1, 6), 1); return err },
			`register: convolution: configuration "broken": mat.lanes: 0 must be a whole number from 1 to 1024`},
		{"narrow multipliers", func() error { _, _, err := Convolution(narrow, x, NewFilters(4, 1, 6), 1); return err },
			`register: convolution: configuration "Trio-ViT on ZCU102": multiplier_bits 4: the registers are those of 8-bit factors`},
		{"channel-parallel", func() error { _, _, err := Depthwise(parallel, x, dw, 1); return err },
			`register: depthwise convolution: configuration "Trio-ViT on ZCU102": depthwise channel-parallel: the registers of all lanes are given the same input channels`},
		{"missing elements", func() error {
			_, _, err := Convolution(c, Map[int8]{H: 4, W: 4, C: 6}, NewFilters(4, 1, 6), 1)
			return err
		},
			"register: convolution: input [H, W, C] = [4 4 6]: 0 elements given, 96 needed"},
		{"negative size", func() error { _, _, err := Depthwise(c, Map[int8]{H: -4, W: -4, C: 6}, dw, 1); return err },
			"register: depthwise convolution: input [H, W, C] = [-4 -4 6]: every size must be at least 1, their product at most 16777216"},
		{"groups", func() error { _, _, err := Convolution(c, x, NewFilters(4, 1, 4), 1); return err },
			"register: convolution: filters of 4 input and 4 output channels do not divide an input of 6 channels into groups"},
		{"even kernel", func() error { _, _, err := Convolution(c, x, NewFilters(4, 2, 6), 1); return err },
			"register: convolution: filters: kernel 2 must be odd"},
		{"accumulator", func() error { _, _, err := Convolution(c, x, NewFilters(1, 1, maxProducts+1), 1); return err },
			"register: convolution: 131072 products per output: an accumulator of 32 bits holds 131071"},
		{"stride", func() error { _, _, err := Convolution(c, x, NewFilters(4, 1, 6), 3); return err },
			"register: convolution: stride 3 must be 1 or 2"},
		{"huge output", func() error {
			_, _, err := Convolution(c, NewMap[int8](4096, 4096, 1), NewFilters(2, 1, 1), 1)
			return err
		}, "register: convolution: output [H, W, C] = [4096 4096 2]: every size must be at least 1, their product at most 16777216"},
		{"not depthwise", func() error { _, _, err := Depthwise(c, x, NewFilters(6, 3, 6), 1); return err },
			"register: depthwise convolution: filters of 6 input and 6 output channels: a depthwise convolution of 6 channels has 1 and 6"},
		{"not pointwise", func() error {
			_, _, err := InterLayer(c, x, dw, 1, Requantization{}, NewFilters(4, 3, 6))
			return err
		}, "register: inter-layer pipeline: kernel 3 behind the depthwise convolution must be 1"},
		{"shift", func() error {
			_, _, err := InterLayer(c, x, dw, 1, Requantization{Shift: 32}, NewFilters(4, 1, 6))
			return err
		}, "register: inter-layer pipeline: requantization: shift 32 must be 0 to 31"},
		{"offsets", func() error {
			_, _, err := InterLayer(c, x, dw, 1, Requantization{Offset: []int32{1}}, NewFilters(4, 1, 6))
			return err
		}, "register: inter-layer pipeline: requantization: 1 offsets for 6 channels"},
		{"inner sizes", func() error { _, _, err := Product(c, m(2, 3, 4), m(2, 5, 3)); return err },
			"register: matrix product: [2, 3, 4] by [2, 5, 3]: the heads and the inner sizes must be equal"},
		{"attention shapes", func() error { _, _, err := IntraLayer(c, m(1, 2, 2), m(1, 2, 2), m(1, 3, 2), 0, 0); return err },
			"register: intra-layer pipeline: v [1, 3, 2]: q is [1, 2, 2], and all three must be equal"},
		{"no ReLU", func() error { _, _, err := IntraLayer(c, m(1, 2, 2), negative, m(1, 2, 2), 0, 0); return err },
			"register: intra-layer pipeline: q 0, k -3 at element 3: neither is negative behind a ReLU"},
		{"attention shift", func() error { _, _, err := IntraLayer(c, m(1, 2, 2), m(1, 2, 2), m(1, 2, 2), -1, 0); return err },
			"register: intra-layer pipeline: requantization: shift -1 must be 0 to 31"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if err := test.run(); err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

// What the tree adds is what a loop adds, for any number of leaves.
func TestLanesAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		macs := rapid.IntRange(1, 33).Draw(t, "MACs")
		mat, rmac := newMATLane(macs), newRMACLane(macs)
		var want int32
		for i := range rapid.IntRange(1, 5).Draw(t, "cycles") {
			x, w := make([]int8, rapid.IntRange(0, macs).Draw(t, "enabled")), make([]int8, macs)
			fill(uint64(i), -128, x)
			fill(uint64(i)+9, -128, w)
			for j := range x {
				want += int32(x[j]) * int32(w[j])
			}
			for _, l := range []lane{mat, rmac} {
				l.dot(x, w, i == 0)
				if l.sum() != want || l.enabled() != len(x) {
					t.Fatalf("%T: %d, want %d", l, l.sum(), want)
				}
			}
		}
	})
}

func BenchmarkInterLayer(b *testing.B) {
	x, dw, pw := randomMap(1, 14, 14, 64), randomFilters(2, 64, 3, 1), randomFilters(3, 32, 1, 64)
	var cycles int64
	for b.Loop() {
		_, trace, err := InterLayer(engines(8, 8, 8, 8), x, dw, 1, Requantization{Shift: 8}, pw)
		if err != nil {
			b.Fatal(err)
		}
		cycles += trace.Cycles
	}
	b.ReportMetric(float64(cycles)/b.Elapsed().Seconds(), "cycles/s")
}

// Every cycle is seen once, and what is seen last is what is returned.
func TestWatch(t *testing.T) {
	x, f := randomMap(1, 1, 1, 4), randomFilters(2, 3, 1, 4)
	var cycles []int64
	var last string
	y, trace, err := Convolution(engines(2, 3, 1, 4), x, f, 1, func(r Registers) {
		cycles = append(cycles, r.Cycle)
		last = fmt.Sprint(r.MAT, r.RMAC[0][3])
	})
	if err != nil {
		t.Fatal(err)
	}
	checkEqual(t, cycles, []int64{1, 2})
	if want := fmt.Sprint(y.Data[:2], y.Data[2]); last != want || trace.Cycles != 2 {
		t.Errorf("registers %s, want %s", last, want)
	}
}
