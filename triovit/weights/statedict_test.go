// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/internal/hostile"
	ts "github.com/gotriovit/gotriovit/internal/torchsave"
)

// weightsOf returns a state dict with one tensor of the shape [2], filled with a value.
func weightsOf(value float32) ts.StateDict { return ts.StateDict{{Key: "w", Value: ts.Full(value, 2)}} }

// stored opens the file that torch.save writes for a value.
func stored(t *testing.T, value any) (*File, error) {
	t.Helper()
	return openFile(t, "a.pt", ts.Zip(value))
}

func openFile(t *testing.T, name string, content []byte) (*File, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	file, err := Open(path)
	if err == nil {
		t.Cleanup(func() { file.Close() })
	}
	return file, err
}

// TestOpenLists: a file's dicts of tensors are listed under their keys and in the order
// of File.Dicts. A star marks a dict that a loader takes.
func TestOpenLists(t *testing.T) {
	args := ts.Object{Class: "argparse.Namespace", Attributes: ts.Dict{{Key: "lr", Value: 0.1}, {Key: "w", Value: ts.Full(9, 2)}}}
	optimizer := ts.Dict{
		{Key: "state", Value: ts.Dict{{Key: 0, Value: ts.Dict{{Key: "step", Value: 7}, {Key: "exp_avg", Value: ts.Full(0, 2)}}}}},
		{Key: "param_groups", Value: ts.List{ts.Dict{{Key: "lr", Value: 0.1}, {Key: "params", Value: ts.List{0}}}}},
	}
	for _, test := range []struct {
		name  string
		value any
		want  []string
	}{
		{"state dict", weightsOf(1), []string{"*"}},
		{"plain dict", ts.Dict(weightsOf(1)), []string{"*"}},
		{"official", ts.Dict{{Key: "state_dict", Value: weightsOf(1)}}, []string{"state_dict*"}},
		{"any key", ts.Dict{{Key: "net", Value: weightsOf(1)}, {Key: "epoch", Value: 3}}, []string{"net"}},
		{"timm, in the order of its loader", ts.Dict{{Key: "model", Value: weightsOf(1)}, {Key: "state_dict", Value: weightsOf(2)},
			{Key: "model_ema", Value: weightsOf(3)}, {Key: "other", Value: weightsOf(4)}, {Key: "state_dict_ema", Value: weightsOf(5)}},
			[]string{"state_dict_ema*", "model_ema*", "state_dict*", "model*", "other"}},
		{"no averaged weights", ts.Dict{{Key: "state_dict_ema", Value: nil}, {Key: "state_dict", Value: weightsOf(1)}}, []string{"state_dict*"}},
		{"training of MIT", ts.Dict{{Key: "state_dict", Value: weightsOf(1)}, {Key: "ema", Value: ts.Dict{{Key: 0.9998, Value: weightsOf(2)}}},
			{Key: "optimizer", Value: optimizer}, {Key: "scaler", Value: nil}}, []string{"state_dict*", "ema.0.9998", "optimizer.state.0"}},
		{"objects beside it", ts.Dict{{Key: "args", Value: args}, {Key: "state_dict", Value: weightsOf(1)},
			{Key: "hook", Value: ts.Call{Function: "posix.system", Arguments: ts.Tuple{"echo hi"}}}}, []string{"state_dict*"}},
		{"dict in an attribute is not looked at", ts.Dict{{Key: "args", Value: args}, {Key: "net", Value: weightsOf(1)}}, []string{"net"}},
		{"tensor beside the dicts", ts.Dict{{Key: "mean", Value: ts.Full(0, 3)}, {Key: "model", Value: weightsOf(1)}}, []string{"model*", "*"}},
		{"dict within the dict", ts.Dict{{Key: "state_dict", Value: ts.Dict{{Key: "model", Value: weightsOf(1)}}}}, []string{"state_dict.model"}},
		{"list and tuple", ts.List{weightsOf(1), ts.Tuple{3, weightsOf(2)}}, []string{"0", "1.1"}},
		{"keys of all kinds", ts.Dict{{Key: nil, Value: weightsOf(1)}, {Key: true, Value: weightsOf(2)}, {Key: -1, Value: weightsOf(3)},
			{Key: math.NaN(), Value: weightsOf(4)}, {Key: ts.Tuple{1, 2}, Value: weightsOf(5)}, {Key: ts.Name("a.B"), Value: weightsOf(6)}, {Key: "a\nb", Value: weightsOf(7)}},
			[]string{"None", "True", "-1", "NaN", "tuple", `the name "a.B"`, `"a\nb"`}},
		{"the last of two", ts.Dict{{Key: "net", Value: weightsOf(1)}, {Key: "net", Value: 1}, {Key: "model", Value: weightsOf(2)}}, []string{"model*"}},
		{"nested as deep as is looked", nested(maxDepth, weightsOf(1)), []string{strings.Repeat("a.", maxDepth-1) + "a"}},
		{"dict of a class of one's own", ts.Dict{{Key: "net", Value: ts.Opcodes("ca\nD\n)\x81" + string(ts.Pickle(weightsOf(1))[2:len(ts.Pickle(weightsOf(1)))-1]) + "0X\x01\x00\x00\x00wK\x01s")}, {Key: "model", Value: weightsOf(2)}}, []string{"model*"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			file, err := stored(t, test.value)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, d := range file.Dicts {
				key := d.Key
				if d.Loader {
					key += "*"
				}
				got = append(got, key)
				if want := (Header{"F32", []int{2}}); d.Tensors["w"].DType != "" && cmp.Diff(want, d.Tensors["w"]) != "" {
					t.Errorf("%s: w is %v, want %v", d.Key, d.Tensors["w"], want)
				}
				if _, err := file.Read(i, map[string]string{}); err != nil {
					t.Errorf("%s: %v", d.Key, err)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// nested returns a value inside depth dicts.
func nested(depth int, value any) any {
	for range depth {
		value = ts.Dict{{Key: "a", Value: value}}
	}
	return value
}

// TestFileReads: Read returns the wanted tensors of the chosen dict under their new
// names.
func TestFileReads(t *testing.T) {
	file, err := stored(t, ts.Dict{{Key: "state_dict", Value: weightsOf(1)}, {Key: "ema", Value: ts.Dict{
		{Key: 0.99, Value: append(weightsOf(2), ts.Item{Key: "n", Value: ts.Tensor{Class: "LongStorage", Key: "count", Numel: 1}}, ts.Item{Key: "q", Value: ts.Tensor{Class: "QInt8Storage", Key: "quantized", Numel: 1}})},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := file.Read(1, map[string]string{"w": "layer.w"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Set{"layer.w": {Shape: []int{2}, Data: []float32{2, 2}}}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for name, want := range map[string]string{"n": `"n": dtype "I64"`, "q": `"q": dtype "torch.QInt8Storage"`, "absent": `no tensor "absent"`} {
		if _, err := file.Read(1, map[string]string{name: name}); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "a.pt") {
			t.Errorf("%s: error %v, want %q and the file's name", name, err, want)
		}
	}
}

// TestReadWithoutAChoice: Read takes the dict that loaders take, or the only dict.
func TestReadWithoutAChoice(t *testing.T) {
	for _, test := range []struct {
		name  string
		value any
		want  float32 // the value, 0 for an error that contains text
		text  string
	}{
		{"averaged", ts.Dict{{Key: "state_dict", Value: weightsOf(1)}, {Key: "state_dict_ema", Value: weightsOf(2)}}, 2, ""},
		{"only one", ts.Dict{{Key: "model_state_dict", Value: weightsOf(3)}}, 3, ""},
		{"two of no loader", ts.Dict{{Key: "student", Value: weightsOf(1)}, {Key: "teacher", Value: weightsOf(2)}}, 0, "2 dicts of tensors are in it, such as student, teacher"},
		{"none", ts.Dict{{Key: "epoch", Value: 3}, {Key: "args", Value: ts.Object{Class: "argparse.Namespace"}}}, 0, `int under epoch, an object of "argparse.Namespace" under args`},
		{"nested too deep", nested(maxDepth+1, weightsOf(1)), 0, "no dict of tensors"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := parsePT(ts.Zip(test.value))
			switch {
			case test.want == 0 && (err == nil || !strings.Contains(err.Error(), test.text)):
				t.Errorf("got %v, error %v, want %q", got, err, test.text)
			case test.want != 0 && (err != nil || got["w"].Data[0] != test.want):
				t.Errorf("got %v, error %v, want %g", got, err, test.want)
			}
		})
	}
}

// TestHostilePickles: reading a pickle with any nesting takes little memory and ends.
func TestHostilePickles(t *testing.T) {
	state := string(ts.Pickle(weightsOf(1)))
	state = state[2 : len(state)-1] // the opcodes of the protocol and of the stop are cut
	for name, code := range map[string]string{
		"dicts in dicts":           strings.Repeat("}K\x01", 100_000) + "N" + strings.Repeat("s", 100_000) + ".",
		"tuples in tuples":         "N" + strings.Repeat("\x85", 300_000) + ".",
		"dict in itself":           "}q\x00X\x01\x00\x00\x00ah\x00s.",
		"list in its tuple":        "]q\x00h\x00\x85a.",
		"pairs of pairs":           "K\x01\x85q\x00" + strings.Repeat("h\x00h\x00\x86q\x00", 60_000) + ".",
		"thousands of dicts":       "](" + strings.Repeat("}", 200_000) + "e.",
		"thousands of state dicts": "](" + strings.Repeat(state, 4_000) + "e.",
		"one dict many times":      state + "q\x00](" + strings.Repeat("h\x00", 200_000) + "e.",
		"objects":                  "](" + strings.Repeat("ca\nB\n)\x81", 60_000) + "e.",
		"bytes":                    "B\x00\x00\x10\x00" + strings.Repeat("x", 1<<20) + ".",
		"long keys":                "](" + strings.Repeat("}X\x00\x00\x01\x00"+strings.Repeat("k", 1<<16)+state+"s", 20) + "e.",
		"not-a-number as keys":     "}(" + strings.Repeat("G\x7f\xf8\x00\x00\x00\x00\x00\x01"+"}", 50_000) + "u.",
	} {
		t.Run(name, func(t *testing.T) {
			content := archiveOf(t, entry{name: "a/data.pkl", content: []byte(code)}, entry{name: "a/data/1", content: floatBytes(1)})
			var file *File
			err := hostile.Read(t, len(content), func() (err error) {
				file, err = openPT(bytes.NewReader(content), int64(len(content)))
				return
			})
			if err == nil && len(file.Dicts) == 0 || err != nil && len(err.Error()) > 2000 {
				t.Errorf("error %.2000v", err)
			}
			if fmt.Sprint(err) == "" {
				t.Error("an error without a text")
			}
		})
	}
}
