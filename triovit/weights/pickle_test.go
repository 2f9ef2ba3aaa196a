// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/internal/torchsave"
)

// savedTensor is a tensor in the form in which torch.save stores it.
type savedTensor struct {
	name, class, key string
	numel, offset    int
	shape, stride    []int
}

// stateDictPickle returns the pickle of a state dict inside dicts with the keys of
// wrap.
func stateDictPickle(tensors []savedTensor, wrap ...string) []byte {
	var items torchsave.StateDict
	for _, t := range tensors {
		items = append(items, torchsave.Item{Key: t.name, Value: torchsave.Tensor{Class: t.class, Key: t.key, Numel: t.numel, Offset: t.offset, Shape: t.shape, Stride: t.stride}})
	}
	var value any = items
	for _, key := range slices.Backward(wrap) {
		value = torchsave.Dict{{Key: key, Value: value}}
	}
	return torchsave.Pickle(value)
}

// entry is one file of an archive.
type entry struct {
	name    string
	content []byte
	header  func(*zip.FileHeader) // the function that changes the entry's header, nil for an honest entry
}

// archiveOf returns a zip archive with the given entries, uncompressed.
func archiveOf(tb testing.TB, entries ...entry) []byte {
	tb.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for _, e := range entries {
		n := uint64(len(e.content))
		h := &zip.FileHeader{Name: e.name, CompressedSize64: n, UncompressedSize64: n, CRC32: crc32.ChecksumIEEE(e.content)}
		if e.header != nil {
			e.header(h)
		}
		w, err := z.CreateRaw(h)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := w.Write(e.content); err != nil {
			tb.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

func floatBytes(vs ...float32) (b []byte) {
	for _, v := range vs {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// run interprets a pickle that consists of raw opcodes.
func run(code string) (any, error) { return unpickle([]byte(code), &budget{limit: 1 << 20}) }

func TestPickleValues(t *testing.T) {
	for _, tt := range []struct {
		name, code string
		want       any
	}{
		{"none", "N.", nil},
		{"true", "\x88.", true},
		{"negative int", "J\xff\xff\xff\xff.", int64(-1)},
		{"uint 1", "K\xff.", int64(255)},
		{"uint 2", "M\x01\x02.", int64(513)},
		{"long of no bytes", "\x8a\x00.", int64(0)},
		{"negative long", "\x8a\x01\xfe.", int64(-2)},
		{"long of three bytes", "\x8a\x03\x00\x00\x01.", int64(65536)},
		{"float", "G\x3f\xf8\x00\x00\x00\x00\x00\x00.", 1.5},
		{"str", "X\x02\x00\x00\x00ab.", "ab"},
		{"short str in a frame", "\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x02ab.", "ab"},
		{"global", "ctorch\nFloatStorage\n.", global("torch.FloatStorage")},
		{"stack global", "\x8c\x05torch\x8c\x0bLongStorage\x93.", global("torch.LongStorage")},
		{"memoized", "\x8c\x01a\x94\x8c\x01b\x94h\x00.", "a"},
		{"long memo key", "\x8c\x01ar\xff\xff\xff\xff\x8c\x01bj\xff\xff\xff\xff.", "a"},
		{"parameter", "ctorch._utils\n_rebuild_parameter\nK\x05\x88\x86R.", int64(5)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := run(tt.code)
			if err != nil || got != tt.want {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

func TestPickleContainers(t *testing.T) {
	// {"l": [1, 2, 3], 7: (1, (2, 3))}
	got, err := run("}(\x8c\x01l](K\x01K\x02eK\x03aK\x07K\x01K\x02K\x03\x86\x86u.")
	if err != nil {
		t.Fatal(err)
	}
	want := &dict{items: []item{
		{"l", &list{[]any{int64(1), int64(2), int64(3)}}},
		{int64(7), tuple{int64(1), tuple{int64(2), int64(3)}}},
	}}
	if diff := cmp.Diff(want, got, unexported); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

var unexported = cmp.AllowUnexported(dict{}, list{}, item{}, view{}, storage{})

// TestPickleObjects: a value that a state dict does not need becomes an object that
// keeps only its class.
func TestPickleObjects(t *testing.T) {
	object := func(class global, items ...item) *dict { return &dict{class, items} }
	for _, tt := range []struct {
		name, code string
		want       any
	}{
		{"system command, called", "cposix\nsystem\n(\x8c\x07echo hitR.", object("posix.system")},
		{"system command, protocol 4", "\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02ls\x85R.", object("posix.system")},
		{"eval, not called", "c__builtin__\neval\n.", global("__builtin__.eval")},
		{"what a call returns, called", "c__builtin__\ngetattr\n(cos\npath\nX\x06\x00\x00\x00systemtR)R.", object("__builtin__.getattr")},
		{"namespace with attributes", "cargparse\nNamespace\n)\x81}X\x02\x00\x00\x00lrK\x01sb.", object("argparse.Namespace")},
		{"object by name and arguments", "ca\nB\n)}\x92.", object("a.B")},
		{"dict of a class of one's own", "ca\nD\n)\x81X\x01\x00\x00\x00wK\x01s.", object("a.D", item{"w", int64(1)})},
		{"list of a class of one's own", "ca\nL\n)\x81(K\x01K\x02e.", object("a.L")},
		{"call of a storage class", "ctorch\nFloatStorage\n)R.", object("torch.FloatStorage")},
		{"OrderedDict of items", "ccollections\nOrderedDict\n]\x85R.", object(orderedDict)},
		{"parameter of nothing", "ctorch._utils\n_rebuild_parameter\n)R.", object(rebuildParameter)},
		{"int of 16 bytes", "\x8a\x100123456789abcdef.", object(longIntClass)},
		{"long int of 16 bytes", "\x8b\x10\x00\x00\x000123456789abcdef.", object(longIntClass)},
		{"bytes", "C\x02ab.", object(bytesClass)},
		{"long bytes", "\x8e\x02\x00\x00\x00\x00\x00\x00\x00ab.", object(bytesClass)},
		{"bytearray", "\x96\x02\x00\x00\x00\x00\x00\x00\x00ab.", object(bytesClass)},
		{"set", "\x8f(K\x01\x90.", &list{[]any{int64(1)}}},
		{"frozenset", "(K\x01\x91.", &list{[]any{int64(1)}}},
		{"float as a key", "}G\x3f\xf8\x00\x00\x00\x00\x00\x00K\x01s.", &dict{items: []item{{1.5, int64(1)}}}},
		{"None and a tuple as keys", "}(NK\x01K\x02\x85K\x03u.", &dict{items: []item{{nil, int64(1)}, {tuple{int64(2)}, int64(3)}}}},
		{"class as a key", "}ca\nB\nK\x01s.", &dict{items: []item{{global("a.B"), int64(1)}}}},
		{"class of a legacy file's whole model", "(\x8c\x06moduleca\nB\nNNtQ)\x81.", object("a.B")},
		{"storage of another class", "(\x8c\x07storagectorch\nQInt8Storage\n\x8c\x010\x8c\x03cpuK\x01tQ.", storage{"0", "torch.QInt8Storage", 1}},
		{"popped", "K\x01K\x020(K\x03K\x041.", int64(1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := run(tt.code)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got, unexported); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestPickleRefuses(t *testing.T) {
	for _, tt := range []struct{ name, code, want string }{
		{"long int beyond the end", "\x8b\xff\xff\xff\xff1.", "ends early"},
		{"bytes beyond the end", "\x8e\xff\xff\xff\xff\xff\xff\xff\xffa.", "ends early"},
		{"str beyond the end", "\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.", "ends early"},
		{"class of an object that is none", "K\x01)\x81.", "calls int"},
		{"dict as a class", "})\x81.", "calls dict"},
		{"instance", "(iposix\nsystem\n.", "opcode 0x69"},
		{"extension registry", "\x82\x01.", "opcode 0x82"},
		{"empty", "", "ends early"},
		{"no stop", "K\x01", "ends early"},
		{"string beyond the end", "X\xff\xff\xff\xffa.", "ends early"},
		{"global without end", "ctorch", "a line has no end"},
		{"frame beyond the end", "\x95\x00", "ends early"},
		{"float beyond the end", "G\x00", "ends early"},
		{"protocol 6", "\x80\x06N.", "protocol 6"},
		{"stop on an empty stack", ".", "holds 0 values"},
		{"tuple without mark", "K\x01t.", "no mark"},
		{"tuple across a mark", "K\x01(K\x02\x86.", "holds 1 values, want 2"},
		{"memo never set", "h\x07.", "memo 7"},
		{"memo of nothing", "q\x00.", "stack is empty"},
		{"append to a dict", "}K\x01a.", "items for dict"},
		{"item of a list", "]K\x01K\x02s.", "keys and values for list"},
		{"odd items", "}(K\x01u.", "1 keys and values"},
		{"key that cannot be hashed", "}]K\x01s.", "key is list"},
		{"call of a number", "K\x01)R.", "calls int"},
		{"call without tuple", "ccollections\nOrderedDict\nK\x01R.", "with int"},
		{"attributes of a list", "]}b.", "attributes of list"},
		{"stack global of numbers", "K\x01K\x02\x93.", "named by int and int"},
		{"persistent id of a number", "K\x01Q.", "persistent id"},
		{"tensor of numbers", "ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x01K\x01K\x01tR.", "argument 0 is int"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := run(tt.code)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, %v, want an error with %q", got, err, tt.want)
			}
		})
	}
}

func TestPickleBudget(t *testing.T) {
	_, err := run(strings.Repeat("}", 1<<20) + ".")
	if err == nil || !strings.Contains(err.Error(), errBudget.Error()) {
		t.Errorf("a million dicts within a budget of a MiB: %v", err)
	}
}
