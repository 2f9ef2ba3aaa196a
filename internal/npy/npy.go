// SPDX-License-Identifier: Apache-2.0

// Package npy reads the arrays with which tests compare results: NumPy's .npy files of
// float32 or uint8 elements in C order.
package npy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Read returns the shape and the elements of the array in the file at path. The
// elements are in C order, in f32 or in u8; the other is nil. A file whose length does
// not match its header is an error.
func Read(path string) (shape []int, f32 []float32, u8 []uint8, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read an array: %w", err)
	}
	shape, f32, u8, err = Parse(data)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return shape, f32, u8, nil
}

// header matches the header, which is a Python dictionary. NumPy always writes its
// three keys in this order.
var header = regexp.MustCompile(`^\{'descr': '([^']*)', 'fortran_order': (True|False), 'shape': \(([0-9, ]*)\), \}\s*$`)

// Parse is [Read] for the content of a file.
func Parse(data []byte) (shape []int, f32 []float32, u8 []uint8, err error) {
	fail := func(format string, args ...any) ([]int, []float32, []uint8, error) {
		return nil, nil, nil, fmt.Errorf("npy: "+format, args...)
	}
	body, ok := bytes.CutPrefix(data, []byte("\x93NUMPY"))
	if !ok || len(body) < 4 {
		return fail("no .npy file")
	}
	var size int
	switch body[0] {
	case 1:
		size, body = int(binary.LittleEndian.Uint16(body[2:])), body[4:]
	case 2, 3:
		if len(body) < 6 {
			return fail("truncated header")
		}
		size, body = int(binary.LittleEndian.Uint32(body[2:])), body[6:]
	default:
		return fail("version %d: allowed are 1 to 3", body[0])
	}
	if size > len(body) {
		return fail("header of %d bytes in a file with %d more", size, len(body))
	}
	fields := header.FindSubmatch(body[:size])
	body = body[size:]
	if fields == nil {
		return fail("header is not that of a plain array")
	}
	if string(fields[2]) == "True" {
		return fail("fortran order: allowed is C order")
	}
	width := map[string]int{"<f4": 4, "|u1": 1}[string(fields[1])]
	if width == 0 {
		return fail("elements of type %q: allowed are <f4 and |u1", fields[1])
	}
	count := 1
	for _, field := range strings.FieldsFunc(string(fields[3]), func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := strconv.Atoi(field)
		if err != nil {
			return fail("side %q: %v", field, err)
		}
		if n > 0 && count > len(body)/n {
			return fail("shape (%s) needs more than the file's %d bytes", fields[3], len(body))
		}
		count *= n
		shape = append(shape, n)
	}
	if count*width != len(body) {
		return fail("shape (%s) of %d bytes in %d bytes", fields[3], count*width, len(body))
	}
	if width == 1 {
		return shape, nil, body, nil
	}
	f32 = make([]float32, count)
	for i := range f32 {
		f32[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:]))
	}
	return shape, f32, nil, nil
}
