// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/internal/safetensors"
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/internal/hostile"
	"github.com/gotriovit/gotriovit/internal/shared"
	ts "github.com/gotriovit/gotriovit/internal/torchsave"
)

func parsePT(file []byte) (Set, error) { return ReadPT(bytes.NewReader(file), int64(len(file))) }

// small is an archive with one tensor of two rows and three columns.
func small(tb testing.TB, wrap ...string) []byte {
	return archiveOf(tb,
		entry{name: "m/data.pkl", content: stateDictPickle([]savedTensor{{"w", "FloatStorage", "0", 6, 0, []int{2, 3}, []int{3, 1}}}, wrap...)},
		entry{name: "m/byteorder", content: []byte("little")},
		entry{name: "m/data/0", content: floatBytes(1, 2, 3, 4, 5, 6)})
}

var smallSet = Set{"w": {Shape: []int{2, 3}, Data: []float32{1, 2, 3, 4, 5, 6}}}

func TestReadPTFindsTheStateDict(t *testing.T) {
	for _, wrap := range [][]string{nil, {"state_dict"}, {"model"}} {
		t.Run(strings.Join(wrap, "."), func(t *testing.T) {
			got, err := parsePT(small(t, wrap...))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(smallSet, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestReadPTViews(t *testing.T) {
	storage := floatBytes(0, 1, 2, 3, 4, 5, 6, 7)
	for _, tt := range []struct {
		name          string
		offset        int
		shape, stride []int
		want          []float32
	}{
		{"scalar", 7, []int{}, []int{}, []float32{7}},
		{"row-major", 0, []int{2, 2, 2}, []int{4, 2, 1}, []float32{0, 1, 2, 3, 4, 5, 6, 7}},
		{"transposed", 1, []int{2, 3}, []int{1, 2}, []float32{1, 3, 5, 2, 4, 6}},
		{"channels last", 0, []int{1, 2, 2, 2}, []int{8, 1, 4, 2}, []float32{0, 2, 4, 6, 1, 3, 5, 7}},
		{"expanded", 3, []int{3}, []int{0}, []float32{3, 3, 3}},
		{"every other", 0, []int{4}, []int{2}, []float32{0, 2, 4, 6}},
		{"stride of a single element does not matter", 5, []int{1, 2}, []int{math.MaxInt, 1}, []float32{5, 6}},
		{"no elements", 8, []int{0, 1 << 30}, []int{1, 1}, []float32{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parsePT(archiveOf(t,
				entry{name: "m/data.pkl", content: stateDictPickle([]savedTensor{{"w", "FloatStorage", "0", 8, tt.offset, tt.shape, tt.stride}})},
				entry{name: "m/data/0", content: storage}))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Set{"w": {Shape: tt.shape, Data: tt.want}}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestReadPTElementTypes(t *testing.T) {
	tensor := func(name, class, key string, n int) savedTensor {
		return savedTensor{name, class, key, n, 0, []int{n}, []int{1}}
	}
	got, err := parsePT(archiveOf(t,
		entry{name: "m/data.pkl", content: stateDictPickle([]savedTensor{
			tensor("half", "HalfStorage", "0", 2),
			tensor("bfloat", "BFloat16Storage", "1", 1),
			tensor("double", "DoubleStorage", "2", 3),
			tensor("float", "FloatStorage", "3", 2),
			tensor("shared", "FloatStorage", "3", 2),
			tensor("norm.num_batches_tracked", "LongStorage", "4", 1),
		})},
		entry{name: "m/data/0", content: []byte{0x00, 0x3c, 0x00, 0xc0}},
		entry{name: "m/data/1", content: []byte{0x40, 0x40}},
		entry{name: "m/data/2", content: doubles(0.1, math.Inf(1), math.MaxFloat32)},
		entry{name: "m/data/3", content: floatBytes(float32(math.Inf(1)), float32(math.Inf(-1)))},
		entry{name: "m/data/4", content: make([]byte, 8)}))
	if err != nil {
		t.Fatal(err)
	}
	inf := []float32{float32(math.Inf(1)), float32(math.Inf(-1))}
	want := Set{
		"half":   {Shape: []int{2}, Data: []float32{1, -2}},
		"bfloat": {Shape: []int{1}, Data: []float32{3}},
		"double": {Shape: []int{3}, Data: []float32{0.1, float32(math.Inf(1)), math.MaxFloat32}},
		"float":  {Shape: []int{2}, Data: inf},
		"shared": {Shape: []int{2}, Data: inf},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if &got["float"].Data[0] == &got["shared"].Data[0] {
		t.Error("tensors that share a storage share memory: changing one changes the other")
	}
}

func TestReadPTLeavesIntegersOut(t *testing.T) {
	for class, size := range map[string]int{"LongStorage": 8, "IntStorage": 4, "ShortStorage": 2, "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1} {
		t.Run(class, func(t *testing.T) {
			got, err := parsePT(archiveOf(t,
				entry{name: "m/data.pkl", content: stateDictPickle([]savedTensor{
					{"n", class, "0", 3, 0, []int{3}, []int{1}},
					{"w", "FloatStorage", "1", 1, 0, []int{1}, []int{1}},
				})},
				entry{name: "m/data/0", content: make([]byte, 3*size)},
				entry{name: "m/data/1", content: floatBytes(2)}))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(Set{"w": {Shape: []int{1}, Data: []float32{2}}}, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestReadPTRefuses(t *testing.T) {
	pkl := func(ts ...savedTensor) entry { return entry{name: "m/data.pkl", content: stateDictPickle(ts)} }
	raw := func(code string) entry { return entry{name: "m/data.pkl", content: []byte(code)} }
	data := entry{name: "m/data/0", content: floatBytes(1, 2, 3, 4)}
	w := func(numel, offset int, shape, stride []int) entry {
		return pkl(savedTensor{"layer.w", "FloatStorage", "0", numel, offset, shape, stride})
	}
	ok := w(4, 0, []int{4}, []int{1})
	for _, tt := range []struct {
		name    string
		entries []entry
		want    []string
	}{
		{"system command", []entry{raw("cposix\nsystem\n(\x8c\x07echo hitR.")}, []string{"posix.system"}},
		{"no pickle", []entry{data}, []string{"data.pkl", "m/data/0"}},
		{"two pickles", []entry{ok, {name: "n/data.pkl"}}, []string{"m/data.pkl", "n/data.pkl"}},
		{"entry twice", []entry{ok, data, data}, []string{"m/data/0", "twice"}},
		{"big endian", []entry{ok, data, {name: "m/byteorder", content: []byte("big")}}, []string{"byteorder", "big"}},
		{"not a dict", []entry{raw("K\x01.")}, []string{"holds int"}},
		{"whole model", []entry{raw("cnet\nB1\n)\x81.")}, []string{`"net.B1"`, "model.state_dict()"}},
		{"state_dict that is none", []entry{raw("}\x8c\x0astate_dictK\x01s.")}, []string{"int", "state_dict"}},
		{"no tensor in the state dict", []entry{raw("}\x8c\x05epochK\x01s.")}, []string{"epoch", "int"}},
		{"nothing in the state dict", []entry{raw("}.")}, []string{"empty dict"}},
		{"storage absent", []entry{ok}, []string{"layer.w", "m/data/0"}},
		{"storage shorter than claimed", []entry{w(5, 0, []int{4}, []int{1}), data}, []string{"layer.w", "16 bytes", "5 elements"}},
		{"storage of astronomic size", []entry{w(math.MaxInt, 0, []int{4}, []int{1}), data}, []string{"layer.w", "too large"}},
		{"shape beyond the storage", []entry{w(4, 0, []int{5}, []int{1}), data}, []string{"layer.w", "[5]", "4 elements"}},
		{"offset beyond the storage", []entry{w(4, 1, []int{4}, []int{1}), data}, []string{"layer.w", "offset 1"}},
		{"strides beyond the storage", []entry{w(4, 0, []int{2, 2}, []int{3, 1}), data}, []string{"layer.w", "[3 1]"}},
		{"strides that overflow", []entry{w(4, 0, []int{3}, []int{math.MaxInt/2 + 1}), data}, []string{"layer.w", "beyond"}},
		{"shape that overflows", []entry{w(4, 0, []int{1 << 32, 1 << 32}, []int{0, 0}), data}, []string{"layer.w", "too large"}},
		{"expanded to gigabytes", []entry{w(4, 0, []int{1 << 30}, []int{0}), data}, []string{"layer.w", errBudget.Error()}},
		{"negative shape", []entry{w(4, 0, []int{-1}, []int{1}), data}, []string{"argument 2"}},
		{"nine dimensions", []entry{w(4, 0, make([]int, 9), make([]int, 9)), data}, []string{"9 dimensions"}},
		{"dimensions without strides", []entry{w(4, 0, []int{4}, nil), data}, []string{"1 dimensions and 0 strides"}},
		{"damaged pickle", []entry{{ok.name, ok.content, func(h *zip.FileHeader) { h.CRC32 ^= 1 }}, data}, []string{"data.pkl", "checksum"}},
		{"damaged storage", []entry{ok, {data.name, data.content, func(h *zip.FileHeader) { h.CRC32 ^= 1 }}}, []string{"layer.w", "checksum"}},
		{"storage that is not what it is compressed to", []entry{ok, {data.name, data.content, func(h *zip.FileHeader) { h.Method = zip.Deflate }}}, []string{"layer.w", "flate"}},
		{"storage in another compression", []entry{ok, {data.name, data.content, func(h *zip.FileHeader) { h.Method = 12 }}}, []string{"m/data/0", "method 12"}},
		{"encrypted storage", []entry{ok, {data.name, data.content, func(h *zip.FileHeader) { h.Flags |= encrypted }}}, []string{"m/data/0", "encrypted"}},
		{"compressed storage of astronomic size", []entry{ok, {data.name, data.content, func(h *zip.FileHeader) {
			h.Method, h.UncompressedSize64 = zip.Deflate, math.MaxUint64
		}}}, []string{"m/data/0", "18446744073709551615"}},
		{"compressed pickle larger than memory", []entry{{ok.name, ok.content, func(h *zip.FileHeader) {
			h.Method, h.UncompressedSize64 = zip.Deflate, 1<<40
		}}, data}, []string{"data.pkl", errBudget.Error()}},
		{"entry larger than the file", []entry{ok, {data.name, data.content, func(h *zip.FileHeader) {
			h.CompressedSize64, h.UncompressedSize64 = 1<<40, 1<<40
		}}}, []string{"m/data/0", "exceeds the file"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lie.pt")
			if err := os.WriteFile(path, archiveOf(t, tt.entries...), 0o600); err != nil {
				t.Fatal(err)
			}
			set, err := Read(path)
			if err == nil {
				t.Fatalf("got %v, want an error", set)
			}
			for _, want := range append(tt.want, path) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not contain %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q has more than one line", err)
			}
		})
	}
}

func TestReadPTBoundsTheDirectory(t *testing.T) {
	var entries []entry
	for i := range 60_000 {
		entries = append(entries, entry{name: fmt.Sprintf("m/data/%040d", i)})
	}
	_, err := parsePT(archiveOf(t, entries...))
	if err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("an archive with a directory of 5 MB: %v", err)
	}
}

func TestReadPTTruncated(t *testing.T) {
	file := small(t)
	for n := range file {
		if set, err := parsePT(file[:n]); err == nil {
			t.Fatalf("%d of %d bytes: got %v, want an error", n, len(file), set)
		}
	}
}

// TestReadPTStrides: a gathered view has at every index the element at the offset that
// its strides give.
func TestReadPTStrides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shape := rapid.SliceOfN(rapid.IntRange(1, 4), 0, 4).Draw(t, "shape")
		stride := rapid.SliceOfN(rapid.IntRange(0, 20), len(shape), len(shape)).Draw(t, "stride")
		v := view{offset: rapid.IntRange(0, 5).Draw(t, "offset"), shape: shape, stride: stride}
		last := v.offset
		for i, d := range shape {
			last += (d - 1) * stride[i]
		}
		v.storage.numel = last
		if _, err := v.check(); err == nil {
			t.Fatalf("%+v reaches one beyond its storage", v)
		}
		v.storage.numel++
		n, err := v.check()
		if err != nil {
			t.Fatal(err)
		}
		src := make([]float32, last+1)
		for i := range src {
			src[i] = float32(i)
		}
		dst := make([]float32, n)
		gather(dst, src, v.offset, shape, stride)
		for i := range dst {
			at, rest := v.offset, i
			for axis := len(shape) - 1; axis >= 0; axis-- {
				at += rest % shape[axis] * stride[axis]
				rest /= shape[axis]
			}
			if dst[i] != float32(at) {
				t.Fatalf("element %d is %g, want %d", i, dst[i], at)
			}
		}
	})
}

func TestReadFS(t *testing.T) {
	file := small(t)
	fsys := fstest.MapFS{"a.pt": {Data: file}, "dir/b.txt": {Data: []byte("<html>no weights</html>")}, "empty": {}}
	got, err := ReadFS(fsys, "a.pt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(smallSet, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for name, want := range map[string]string{"dir/b.txt": "web page", "empty": "0 bytes", "absent": "not exist", "dir": "is a folder"} {
		if _, err := ReadFS(fsys, name); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want an error with the name and %q", name, err, want)
		}
	}
}

// stream is a file without reads at an offset, like those of some fs.FS.
type stream struct{ fs.File }

type streamFS struct{ fs.FS }

func (s streamFS) Open(name string) (fs.File, error) {
	f, err := s.FS.Open(name)
	return stream{f}, err
}

func TestReadFSWithoutOffsets(t *testing.T) {
	for name, file := range map[string][]byte{"a.pt": small(t), "a.safetensors": encode(t, smallSet, F32, nil)} {
		got, err := ReadFS(streamFS{fstest.MapFS{name: {Data: file}}}, name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(smallSet, got); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

// goldenShapes reads the names and shapes that a golden file lists.
func goldenShapes(tb testing.TB, name string) map[string][]int {
	tb.Helper()
	text, err := os.ReadFile(shared.Path(tb, "golden/"+name))
	if err != nil {
		tb.Fatal(err)
	}
	var want map[string][]int
	if err := json.Unmarshal(text, &want); err != nil {
		tb.Fatal(err)
	}
	return want
}

func TestReadOfficialSegmentation(t *testing.T) {
	set, err := Read(shared.Path(t, "data/weights/efficientvit_seg_b0_cityscapes.pt"))
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Check(goldenShapes(t, "mit_seg_cityscapes_b0_names.json")); err != nil {
		t.Error(err)
	}
	if err := set.Check(goldenShapes(t, "mit_cls_b0_names.json")); err == nil {
		t.Error("a segmentation checkpoint fits a classifier")
	}
}

func TestReadTinyImageNet(t *testing.T) {
	set, err := Read(shared.Path(t, "data/weights/efficientvit_b0_tiny_imagenet_r128.pt"))
	if err != nil {
		t.Fatal(err)
	}
	want := goldenShapes(t, "mit_cls_b0_names.json")
	for _, shape := range want {
		if len(shape) > 0 && shape[0] == 1000 { // the layer has ImageNet's classes
			shape[0] = 200
		}
	}
	if err := set.Check(want); err != nil {
		t.Error(err)
	}
	for name, tensor := range set {
		if strings.HasSuffix(name, "running_var") {
			for _, v := range tensor.Data {
				if !(v >= 0) {
					t.Fatalf("%s has a variance of %g", name, v)
				}
			}
		}
	}
}

func FuzzReadPT(f *testing.F) {
	f.Add(small(f))
	f.Add(small(f, "state_dict"))
	f.Add(archiveOf(f, entry{name: "m/data.pkl", content: []byte("cposix\nsystem\n(\x8c\x07echo hitR.")}))
	f.Add(archiveOf(f,
		entry{name: "m/data.pkl", content: stateDictPickle([]savedTensor{{"w", "HalfStorage", "0", 4, 1, []int{1, 3}, []int{0, 1}}})},
		entry{name: "m/data/0", content: make([]byte, 8)}))
	f.Add(ts.Zip(training))
	f.Fuzz(func(t *testing.T, file []byte) {
		checkParsed(t, file, parsePT)
	})
}

// training is a small example of a training file.
var training = ts.Dict{
	{Key: "epoch", Value: 3},
	{Key: "args", Value: ts.Object{Class: "argparse.Namespace", Attributes: ts.Dict{{Key: "lr", Value: 0.1}}}},
	{Key: "state_dict", Value: weightsOf(1)},
	{Key: "ema", Value: ts.Dict{{Key: 0.9998, Value: weightsOf(2)}}},
}

// FuzzOpen opens files of every kind and reads all tensors that a file lists.
func FuzzOpen(f *testing.F) {
	f.Add(ts.Zip(training))
	f.Add(ts.Legacy(training))
	f.Add(encode(f, smallSet, F32, nil))
	f.Add([]byte("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 13\n"))
	f.Add([]byte("\ufeff <html>"))
	f.Add([]byte("Entry not found"))
	f.Fuzz(func(t *testing.T, content []byte) {
		checkParsed(t, content, func(content []byte) (Set, error) {
			file, err := OpenFS(fstest.MapFS{"a.pt": {Data: content}}, "a.pt")
			if err != nil {
				return nil, err
			}
			defer file.Close()
			all := Set{}
			for i, d := range file.Dicts {
				for name := range d.Tensors {
					set, err := file.Read(i, map[string]string{name: "w"})
					if err != nil {
						return nil, err
					}
					all[d.Key+"."+name] = set["w"]
				}
			}
			return all, nil
		})
	})
}

// FuzzUnpickle passes bytes to the machine directly, because a mutated archive seldom
// reaches it.
func FuzzUnpickle(f *testing.F) {
	f.Add(stateDictPickle([]savedTensor{{"w", "FloatStorage", "0", 6, 0, []int{2, 3}, []int{3, 1}}}, "state_dict"))
	f.Add([]byte("\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x8c\x06system\x93\x8c\x02ls\x85R."))
	f.Add([]byte("}(\x8c\x01l](K\x01K\x02eK\x03aK\x07K\x01K\x02K\x03\x86\x86u."))
	f.Add(ts.Pickle(training))
	f.Add([]byte("}q\x00(G\x7f\xf8\x00\x00\x00\x00\x00\x01h\x00X\x01\x00\x00\x00al(h\x00h\x00\x86\x91u."))
	f.Fuzz(func(t *testing.T, code []byte) {
		archive := archiveOf(t, entry{name: "m/data.pkl", content: code}, entry{name: "m/data/0", content: make([]byte, 24)})
		checkParsed(t, archive, parsePT)
	})
}

// checkParsed checks the properties of a parser's result that hold for any file.
func checkParsed(t *testing.T, file []byte, parse func([]byte) (Set, error)) {
	var set Set
	err := hostile.Read(t, len(file), func() (err error) { set, err = parse(file); return })
	if err != nil {
		if set != nil {
			t.Fatalf("a set of %d tensors beside the error %q", len(set), err)
		}
		return
	}
	for name, tensor := range set {
		n, ok := safetensors.Elements(tensor.Shape)
		if !ok || n != len(tensor.Data) {
			t.Fatalf("%q: %d values for shape %v", name, len(tensor.Data), tensor.Shape)
		}
	}
}

func BenchmarkReadPT(b *testing.B) {
	path := shared.Path(b, "data/weights/efficientvit_b0_tiny_imagenet_r128.pt")
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		if _, err := Read(path); err != nil {
			b.Fatal(err)
		}
	}
}
