// SPDX-License-Identifier: Apache-2.0

package register

import "fmt"

// An Element is an operand (int8) or an accumulator (int32).
type Element interface{ int8 | int32 }

// A Map is the feature map [H, W, C] of one picture.
type Map[T Element] struct {
	H, W, C int
	Data    []T // row-major, channels last
}

// NewMap returns a map of zeros.
func NewMap[T Element](h, w, c int) Map[T] {
	return Map[T]{H: h, W: w, C: c, Data: make([]T, h*w*c)}
}

// pixel returns the channels at a pixel, or nil on the border of zeros.
func (m Map[T]) pixel(y, x int) []T {
	if y < 0 || y >= m.H || x < 0 || x >= m.W {
		return nil
	}
	i := (y*m.W + x) * m.C
	return m.Data[i : i+m.C]
}

func (m Map[T]) check(what string) error {
	return checkSizes(what, "[H, W, C]", len(m.Data), m.H, m.W, m.C)
}

// Filters are the weights [Cout, Kernel, Kernel, Cin] of a convolution, where
// Cin is what one output sums over: the input's channels divided by the groups,
// and 1 for a depthwise convolution. The border is padded with Kernel/2 zeros.
type Filters struct {
	Cout, Kernel, Cin int
	Data              []int8
}

// NewFilters returns filters of zeros.
func NewFilters(cout, kernel, cin int) Filters {
	return Filters{Cout: cout, Kernel: kernel, Cin: cin, Data: make([]int8, cout*kernel*kernel*cin)}
}

// position returns the weights [Cin] of an output channel at a position of the
// kernel.
func (f Filters) position(cout, ky, kx int) []int8 {
	i := ((cout*f.Kernel+ky)*f.Kernel + kx) * f.Cin
	return f.Data[i : i+f.Cin]
}

// maxProducts is how many products of 8-bit operands, of which the largest is
// 2¹⁴, an accumulator of 32 bits holds in any case.
const maxProducts = 1<<17 - 1

func (f Filters) check() error {
	if err := checkSizes("filters", "[Cout, Kernel, Kernel, Cin]", len(f.Data), f.Cout, f.Kernel, f.Kernel, f.Cin); err != nil {
		return err
	}
	if f.Kernel%2 == 0 {
		return fmt.Errorf("filters: kernel %d must be odd", f.Kernel)
	}
	return checkProducts(f.Kernel * f.Kernel * f.Cin)
}

func checkProducts(n int) error {
	if n > maxProducts {
		return fmt.Errorf("%d products per output: an accumulator of 32 bits holds %d", n, maxProducts)
	}
	return nil
}

// Matrices are one matrix per head, [Heads, Rows, Cols].
type Matrices[T Element] struct {
	Heads, Rows, Cols int
	Data              []T // row-major
}

// NewMatrices returns matrices of zeros.
func NewMatrices[T Element](heads, rows, cols int) Matrices[T] {
	return Matrices[T]{Heads: heads, Rows: rows, Cols: cols, Data: make([]T, heads*rows*cols)}
}

// Transpose returns the matrices [Heads, Cols, Rows], as K becomes Kᵀ.
func (m Matrices[T]) Transpose() Matrices[T] {
	t := NewMatrices[T](m.Heads, m.Cols, m.Rows)
	for h := range m.Heads {
		from, to := m.head(h), t.head(h)
		for r := range m.Rows {
			for c := range m.Cols {
				to[c*m.Rows+r] = from[r*m.Cols+c]
			}
		}
	}
	return t
}

// head returns the matrix [Rows, Cols] of a head.
func (m Matrices[T]) head(h int) []T {
	n := m.Rows * m.Cols
	return m.Data[h*n : (h+1)*n]
}

func (m Matrices[T]) check(what string) error {
	return checkSizes(what, "[Heads, Rows, Cols]", len(m.Data), m.Heads, m.Rows, m.Cols)
}

// maxElements bounds a tensor: what is stepped by single registers has to be
// small.
const maxElements = 1 << 24

// elements returns the product of the sizes.
func elements(what, shape string, sizes ...int) (int, error) {
	n := 1
	for _, size := range sizes {
		if size < 1 || size > maxElements/n {
			return 0, fmt.Errorf("%s %s = %v: every size must be at least 1, their product at most %d", what, shape, sizes, maxElements)
		}
		n *= size
	}
	return n, nil
}

func checkSizes(what, shape string, have int, sizes ...int) error {
	want, err := elements(what, shape, sizes...)
	if err == nil && have != want {
		err = fmt.Errorf("%s %s = %v: %d elements given, %d needed", what, shape, sizes, have, want)
	}
	return err
}
