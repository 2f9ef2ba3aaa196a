// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/internal/safetensors"
	"pgregory.net/rapid"
)

func parseSafetensors(file []byte) (Set, error) {
	return ReadSafetensors(bytes.NewReader(file), int64(len(file)))
}

// safetensorsOf returns a file with the header's length, the header and the data.
func safetensorsOf(header string, data ...byte) []byte {
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(file, header...), data...)
}

// doubles returns the bytes of float64 numbers.
func doubles(numbers ...float64) []byte {
	var b []byte
	for _, v := range numbers {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	return b
}

func TestReadSafetensors(t *testing.T) {
	file := safetensorsOf(`{"__metadata__":{"format":"pt"},`+
		`"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},`+
		`"a":{"dtype":"F64","shape":[],"data_offsets":[4,12]},`+
		`"n.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[12,20]},`+
		`"none":{"dtype":"F32","shape":[0,3],"data_offsets":[20,20]}}  `,
		append([]byte{0x80, 0x3f, 0x40, 0xc0, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f}, make([]byte, 8)...)...)
	got, err := parseSafetensors(file)
	if err != nil {
		t.Fatal(err)
	}
	want := Set{
		"a":    {Shape: []int{}, Data: []float32{1.5}},
		"b":    {Shape: []int{2}, Data: []float32{1, -3}},
		"none": {Shape: []int{0, 3}, Data: []float32{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestReadSafetensorsRefuses(t *testing.T) {
	one := func(info string) []byte { return safetensorsOf(`{"layer.w":`+info+`}`, make([]byte, 8)...) }
	for _, tt := range []struct {
		name string
		file []byte
		want []string
	}{
		{"empty", nil, []string{"0 bytes"}},
		{"length alone", make([]byte, 7), []string{"7 bytes"}},
		{"header of all memory", []byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), []string{"18446744073709551615"}},
		{"header beyond the file", []byte("\x10\x00\x00\x00\x00\x00\x00\x00{}"), []string{"claims 16 bytes"}},
		{"header over the limit", safetensorsOf("{}" + strings.Repeat(" ", safetensors.MaxHeader)), []string{"want at most"}},
		{"no JSON", safetensorsOf("weights"), []string{"header", "invalid character"}},
		{"no object", safetensorsOf("[1]"), []string{"header"}},
		{"no tensor object", one(`7`), []string{"layer.w"}},
		{"a name twice", safetensorsOf(`{"w":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"w":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}`, make([]byte, 8)...), []string{"header", "duplicate", "w"}},
		{"something behind the header", safetensorsOf(`{}{}`), []string{"header", "behind"}},
		{"unknown dtype", one(`{"dtype":"F4","shape":[2],"data_offsets":[0,8]}`), []string{"layer.w", "F4"}},
		{"offsets absent", one(`{"dtype":"F32","shape":[2]}`), []string{"layer.w", "0 data_offsets"}},
		{"three offsets", one(`{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}`), []string{"layer.w", "3 data_offsets"}},
		{"shape of fractions", one(`{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}`), []string{"layer.w"}},
		{"negative shape", one(`{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}`), []string{"layer.w", "[-1 -2]"}},
		{"shape that overflows", one(`{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}`), []string{"layer.w", "4294967296"}},
		{"nine dimensions", one(`{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}`), []string{"layer.w", "at most 8"}},
		{"shape larger than data", one(`{"dtype":"F32","shape":[3],"data_offsets":[0,8]}`), []string{"layer.w", "8 bytes of data, want 3 of F32"}},
		{"end beyond the file", one(`{"dtype":"F32","shape":[3],"data_offsets":[0,12]}`), []string{"layer.w", "[0 12]"}},
		{"negative start", one(`{"dtype":"F32","shape":[3],"data_offsets":[-4,8]}`), []string{"layer.w", "[-4 8]"}},
		{"end before start", one(`{"dtype":"F32","shape":[0],"data_offsets":[0,-8]}`), []string{"layer.w", "[0 -8]"}},
		{"gap at the start", one(`{"dtype":"F32","shape":[1],"data_offsets":[4,8]}`), []string{"layer.w", "begin at 0"}},
		{"gap at the end", one(`{"dtype":"F32","shape":[1],"data_offsets":[0,4]}`), []string{"end at byte 4"}},
		{"value beyond float32", safetensorsOf(`{"layer.w":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}}`, doubles(math.Inf(-1), -1e39)...), []string{"layer.w", "value 1 is -1e+39, which float32 cannot hold"}},
		{"overlap", safetensorsOf(`{"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, make([]byte, 8)...), []string{`"w"`, "begin at 8"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			set, err := parseSafetensors(tt.file)
			if err == nil {
				t.Fatalf("got %v, want an error", set)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not contain %q", err, want)
				}
			}
		})
	}
}

func encode(tb interface{ Fatal(...any) }, s Set, dtype DType, metadata map[string]string) []byte {
	var buf bytes.Buffer
	if err := WriteSafetensors(&buf, s, dtype, metadata); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func TestSafetensorsRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shapes := rapid.MapOf(rapid.String(), rapid.SliceOfN(rapid.IntRange(0, 3), 0, 4)).Draw(t, "shapes")
		delete(shapes, safetensors.MetadataKey)
		set := Set{}
		for name, shape := range shapes {
			tensor := New(shape...)
			for i := range tensor.Data {
				tensor.Data[i] = math.Float32frombits(rapid.Uint32().Draw(t, "bits"))
			}
			set[name] = tensor
		}
		file := encode(t, set, F32, map[string]string{"by": "test"})
		if !bytes.Equal(file, encode(t, set, F32, map[string]string{"by": "test"})) {
			t.Fatal("the same set is written differently")
		}
		got, err := parseSafetensors(file)
		if err != nil {
			t.Fatal(err)
		}
		if got.Hash() != set.Hash() { // a NaN must keep its bits too
			t.Fatalf("got %v, want %v", got, set)
		}
		if n := binary.LittleEndian.Uint64(file); n%8 != 0 {
			t.Fatalf("the data is not aligned: a header of %d bytes", n)
		}
	})
}

func TestSafetensorsF16(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	set := Set{"w": {Shape: []int{6}, Data: []float32{1, 0.1, 65504, nan, inf, 1e-9}}}
	file := encode(t, set, F16, nil)
	got, err := parseSafetensors(file)
	if err != nil {
		t.Fatal(err)
	}
	// 0.1 in half precision is 0x2e66 = 1638 * 2^-14; 1e-9 is below the smallest subnormal.
	want := Set{"w": {Shape: []int{6}, Data: []float32{1, 1638.0 / 16384, 65504, nan, inf, 0}}}
	equalNaN := cmp.Comparer(func(a, b float32) bool { return a == b || a != a && b != b })
	if diff := cmp.Diff(want, got, equalNaN); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if again := encode(t, got, F16, nil); !bytes.Equal(file, again) {
		t.Error("values that float16 holds change when written again")
	}
}

func TestWriteSafetensorsRefuses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		set   Set
		dtype DType
		want  string
	}{
		{"unknown dtype", Set{}, "I8", `"I8", want F32 or F16`},
		{"value beyond float16", Set{"w": {[]int{2}, []float32{0, 65520}}}, F16, `"w": value 1 is 65520`},
		{"data unlike shape", Set{"w": {[]int{2}, []float32{0}}}, F32, `"w": 1 values`},
		{"reserved name", Set{safetensors.MetadataKey: New(1)}, F32, safetensors.MetadataKey},
		{"name that is no text", Set{"\xff": New(1)}, F32, "UTF-8"},
		{"header over the limit", Set{strings.Repeat("w", safetensors.MaxHeader): New(1)}, F32, "header"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := WriteSafetensors(&bytes.Buffer{}, tt.set, tt.dtype, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error with %q", err, tt.want)
			}
		})
	}
}

// full is a writer that fails as a full disk does.
type full struct{}

var errFull = errors.New("disk is full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteSafetensorsReportsTheWriter(t *testing.T) {
	for _, n := range []int{1, 100_000} { // lengths within one buffer, and longer than a buffer
		if err := WriteSafetensors(full{}, Set{"w": New(n)}, F32, nil); !errors.Is(err, errFull) {
			t.Errorf("%d values: got %v, want %v", n, err, errFull)
		}
	}
}

func FuzzReadSafetensors(f *testing.F) {
	f.Add(encode(f, smallSet, F32, map[string]string{"format": "pt"}))
	f.Add(encode(f, smallSet, F16, nil))
	f.Add(safetensorsOf(`{"w":{"dtype":"BF16","shape":[1,2],"data_offsets":[0,4]}}`, 0, 0, 0, 0))
	f.Add(safetensorsOf(`{"w":{"dtype":"F32","shape":[4294967296,0],"data_offsets":[0,0]}}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		checkParsed(t, file, parseSafetensors)
	})
}
