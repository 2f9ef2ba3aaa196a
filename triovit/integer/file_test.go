// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/gotriovit/gotriovit/internal/golden"
	"github.com/gotriovit/gotriovit/internal/hostile"
	"github.com/gotriovit/gotriovit/internal/safetensors"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"pgregory.net/rapid"
)

// written returns the artefact of a model.
func written(t fataler, m *Model) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := m.Write(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// parse reads an artefact.
func parse(file []byte) (*Model, error) { return Read(bytes.NewReader(file), int64(len(file))) }

// drawModel draws a valid model of every kind of operation, with weights of some
// widths, real numbers, and texts.
func drawModel(t *rapid.T) *Model {
	m := network(rapid.Uint64().Draw(t, "weights"))
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "rest"), 2))
	m.Limits = Limits{MultiplierBits: rapid.IntRange(MultiplierPort, MaxMultiplierBits).Draw(t, "multiplier"), AccumulatorBits: rapid.IntRange(OperandPort, 32).Draw(t, "accumulator")}
	for i := range m.Ops {
		op := &m.Ops[i]
		for range rng.IntN(2) {
			op.Values.Steps = append(op.Values.Steps, rng.NormFloat64())
		}
		for range rng.IntN(2) {
			op.Values.Offsets = append(op.Values.Offsets, rng.NormFloat64())
		}
		c, ok := op.Operation.(*Conv)
		if !ok {
			continue
		}
		c.WeightBits = 2 + rng.IntN(7)
		for j := range c.Weights {
			c.Weights[j] >>= 8 - c.WeightBits
		}
		for range rng.IntN(2) {
			c.Pad = append(c.Pad, rng.Int32N(100)-50)
		}
	}
	if rapid.Bool().Draw(t, "named") {
		text := rapid.StringOfN(rapid.RuneFrom([]rune(`abc "\é/世`)), 0, 20, -1)
		m.Name, m.Classes = text.Draw(t, "name"), rapid.SliceOfN(text, 5, 5).Draw(t, "classes")
		m.Source = Source{Weights: "00ff", Calibration: "11", Recipe: "a recipe\n  in lines\n", Code: text.Draw(t, "code")}
		m.Picture = Picture{preprocess.Pipeline{Width: 4, Height: 4, CropRatio: rapid.Float64Range(0.1, 1).Draw(t, "crop"), RoundDown: true, Filter: preprocess.Bicubic}, preprocess.ImageNetNormalization()}
	}
	return m
}

// TestWriteAndRead: what is read is what was written, and equal models are equal
// bytes, whose digest is the hash.
func TestWriteAndRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawModel(t)
		file := written(t, m)
		got, err := parse(file)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(m, got) {
			t.Fatalf("-written +read:\n%s", cmp.Diff(m, got))
		}
		if again := written(t, got); !bytes.Equal(file, again) {
			t.Fatal("the same model is written differently")
		}
		sum := sha256.Sum256(file)
		if hash, err := got.Hash(); err != nil || hash != hex.EncodeToString(sum[:]) {
			t.Fatalf("hash %s (%v), the file has %x", hash, err, sum)
		}
	})
}

// TestHashTellsApart: whatever is changed in a model changes its hash.
func TestHashTellsApart(t *testing.T) {
	seen := map[string]int{}
	for i, edit := range []func(m *Model){
		func(*Model) {},
		func(m *Model) { m.Name = "other" },
		func(m *Model) { m.AccumulatorBits-- },
		func(m *Model) { m.Classes[0] = "other" },
		func(m *Model) { m.Source.Recipe = "other" },
		func(m *Model) { m.Picture.Pipeline.Filter = preprocess.Bilinear },
		func(m *Model) { m.Picture.Std[2] = 0.5 },
		func(m *Model) { m.Input().Grid.Scale *= 2 },
		func(m *Model) { m.Ops[1].Name, m.Ops[2].Inputs[0] = "other", "other" },
		func(m *Model) { m.Ops[1].Operation.(*Conv).Weights[2]++ },
		func(m *Model) { m.Ops[1].Operation.(*Conv).Bias[1]++ },
		func(m *Model) { m.Ops[1].Operation.(*Conv).WeightBits = 7 },
		func(m *Model) { m.Ops[1].Operation.(*Conv).Pad = []int32{0} },
		func(m *Model) { m.Ops[2].Operation.(*Requantize).Affine[0].Addend++ },
		func(m *Model) { m.Ops[1].Values.Offsets[0] = math.Copysign(0, -1) },
	} {
		m := whole()
		edit(m)
		hash, err := m.Hash()
		if err != nil {
			t.Fatal(err)
		}
		if j, twice := seen[hash]; twice {
			t.Errorf("edits %d and %d have one hash", j, i)
		}
		seen[hash] = i
	}
}

// whole is the model by hand with all that a file can say.
func whole() *Model {
	m := byHand()
	m.Input().Shape = [3]int{1, 1, 3}
	m.Ops[1].Operation.(*Conv).Weights = []int8{1, 1, 0, 1, -1, 0}
	m.Picture = Picture{preprocess.Fixed(1, 1, preprocess.Bicubic), preprocess.ImageNetNormalization()}
	m.Source = Source{Weights: "00", Calibration: "11", Recipe: "by hand\n  round nothing\n", Code: "test"}
	return m
}

// TestFormat keeps fileVersion honest: a model is written as it is stored for this
// version, and read from there. Where a change of the code changes that, old files
// are not read: raise the version, and upgrade them or say why not.
func TestFormat(t *testing.T) {
	digests := map[int]string{1: "d7ff1579caa58931b04dc7f1df2e2de397acc4ad03c2c0bc587805507752376c"}
	m := whole()
	path := filepath.Join("testdata", fmt.Sprintf("version%d.triovit", fileVersion))
	golden.Text(t, filepath.Base(path), string(written(t, m)))
	got, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(m, got) {
		t.Errorf("-written +read:\n%s", cmp.Diff(m, got))
	}
	if hash, err := m.Hash(); err != nil || hash != digests[fileVersion] {
		t.Errorf("the hash is %s (%v), stored for version %d is %q", hash, err, fileVersion, digests[fileVersion])
	}
	if !IsArtefact(path) || IsArtefact("file_test.go") || IsArtefact("absent") {
		t.Error("an artefact is not told from other files")
	}
}

// TestPage: docs/ARTEFACT.md lists every kind with its parameters and lists, in the
// order of the file.
func TestPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "ARTEFACT.md"))
	if err != nil {
		t.Fatal(err)
	}
	m := network(1)
	for i := range m.Ops {
		op := &m.Ops[i]
		text, err := json.Marshal(op.Operation)
		if err != nil {
			t.Fatal(err)
		}
		var parameters, lists []string
		for d := jsontext.NewDecoder(bytes.NewReader(text)); ; {
			token, err := d.ReadToken()
			if err != nil {
				break
			}
			if d.StackDepth() != 1 {
				continue // the value is a grid, an interval, or the end
			}
			if _, n := d.StackIndex(1); n%2 == 1 && token.Kind() == '"' {
				parameters = append(parameters, "`"+token.String()+"`")
			}
		}
		for _, l := range listsOf(op, [4]int{}) {
			if l.name() != "steps" && l.name() != "offsets" {
				lists = append(lists, "`"+l.name()+"`")
			}
		}
		row := fmt.Sprintf("| `%s` | %s | %s |\n", Kind(op.Operation), strings.Join(parameters, ", "), strings.Join(lists, ", "))
		if len(parameters) == 0 {
			row = "`" + Kind(op.Operation) + "`"
		} else if len(lists) == 0 {
			row = strings.Replace(row, "|  |", "| |", 1)
		}
		if !strings.Contains(string(page), row) {
			t.Errorf("no row %s", row)
		}
	}
}

// TestNibbles: weights of four bits lie in pairs, the first in the low bits, and
// nothing lies behind an odd number of them.
func TestNibbles(t *testing.T) {
	m := whole()
	m.Ops, m.Classes = m.Ops[:2], nil
	m.Ops[1] = Op{Name: "last", Inputs: []string{"input"}, Operation: &Conv{Kernel: 1, Stride: 1, Groups: 1, WeightBits: 4, Weights: []int8{2, -8, 7}, Bias: []int32{0}}}
	file := written(t, m)
	weights := file[len(file)-6 : len(file)-4] // the weights stand before the bias
	if !slices.Equal(weights, []byte{0x82, 0x07}) {
		t.Fatalf("packed in %x, want 8207", weights)
	}
	weights[1] |= 0x10
	if _, err := parse(file); err == nil || !strings.Contains(err.Error(), "is not the one that the model is written with") {
		t.Errorf("error %v", err)
	}
}

// parts takes an artefact apart, so that a test can change one part.
type parts struct {
	Metadata map[string]string
	Model    map[string]any
	Header   map[string]any // entries of the tensors
	Data     []byte
}

func apart(t testing.TB, file []byte) *parts {
	t.Helper()
	n := binary.LittleEndian.Uint64(file)
	p := &parts{Metadata: map[string]string{}, Data: bytes.Clone(file[8+n:])}
	if err := json.Unmarshal(file[8:8+n], &p.Header); err != nil {
		t.Fatal(err)
	}
	for key, value := range p.Header[safetensors.MetadataKey].(map[string]any) {
		p.Metadata[key] = value.(string)
	}
	if err := json.Unmarshal([]byte(p.Metadata["model"]), &p.Model); err != nil {
		t.Fatal(err)
	}
	return p
}

// operation returns the record of an operation.
func (p *parts) operation(i int) map[string]any {
	return p.Model["operations"].([]any)[i].(map[string]any)
}

// resize gives a list so many numbers of so many bytes, zeros, in place of those it
// has. A list of none is taken out.
func (p *parts) resize(name string, bytes, n int) {
	place := func(entry any) (from, to int) {
		offsets := entry.(map[string]any)["data_offsets"].([]any)
		return int(offsets[0].(float64)), int(offsets[1].(float64))
	}
	from, to := place(p.Header[name])
	for key, entry := range p.Header {
		if key == safetensors.MetadataKey {
			continue
		}
		if first, end := place(entry); first >= to && key != name {
			more := bytes*n - (to - from)
			entry.(map[string]any)["data_offsets"] = []any{float64(first + more), float64(end + more)}
		}
	}
	p.Data = slices.Concat(p.Data[:from], make([]byte, bytes*n), p.Data[to:])
	if n == 0 {
		delete(p.Header, name)
		return
	}
	list := p.Header[name].(map[string]any)
	list["shape"], list["data_offsets"] = []int{n}, []any{float64(from), float64(from + bytes*n)}
}

// joined is the file of the parts.
func (p *parts) joined(t testing.TB) []byte {
	t.Helper()
	if p.Model != nil {
		model, err := json.Marshal(p.Model)
		if err != nil {
			t.Fatal(err)
		}
		p.Metadata["model"] = string(model)
	}
	p.Header[safetensors.MetadataKey] = p.Metadata
	header, err := json.Marshal(p.Header, json.Deterministic(true))
	if err != nil {
		t.Fatal(err)
	}
	return safetensorsOf(string(header), p.Data...)
}

// safetensorsOf puts a length before a header and data behind it.
func safetensorsOf(header string, data ...byte) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...), data...)
}

// TestReadRefuses: what is wrong with a file is named in a line, whatever it is.
func TestReadRefuses(t *testing.T) {
	good := written(t, whole())
	changed := func(edit func(p *parts)) []byte {
		p := apart(t, good)
		edit(p)
		return p.joined(t)
	}
	parameter := func(i int, name string, value any) []byte {
		return changed(func(p *parts) { p.operation(i)["parameters"].(map[string]any)[name] = value })
	}
	tensor := func(name, key string, value any) []byte {
		return changed(func(p *parts) { p.Header[name].(map[string]any)[key] = value })
	}
	factors := func(mantissas, shifts, addends int) []byte {
		return changed(func(p *parts) {
			p.resize("codes/mantissa", 4, mantissas)
			p.resize("codes/shift", 1, shifts)
			p.resize("codes/addend", 8, addends)
		})
	}
	model := func(text string) []byte {
		return changed(func(p *parts) { p.Model, p.Metadata["model"] = nil, text })
	}
	for _, c := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "the file has 0 bytes"},
		{"cut in the header", good[:100], "claims"},
		{"cut in the data", good[:len(good)-3], "it is cut"},
		{"a byte more", append(bytes.Clone(good), 0), "the tensors end at byte"},
		{"a header of all memory", []byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), "claims 18446744073709551615 bytes"},
		{"no artefact", safetensorsOf(`{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 0), "no triovit integer model"},
		{"another format", changed(func(p *parts) { p.Metadata["format"] = "pt" }), "no triovit integer model"},
		{"a newer version", changed(func(p *parts) { p.Metadata["version"], p.Metadata["new"] = "2", "" }), "written by a newer version of this program, in version 2 of the format, of which this one reads up to 1: update it"},
		{"version 0", changed(func(p *parts) { p.Metadata["version"] = "0" }), `a version of "0"`},
		{"a version in words", changed(func(p *parts) { p.Metadata["version"] = "one" }), `a version of "one"`},
		{"another metadata", changed(func(p *parts) { p.Metadata["new"] = "" }), "metadata: json"},
		{"no model", changed(func(p *parts) { p.Model = nil; delete(p.Metadata, "model") }), "metadata: model"},
		{"model that is no JSON", model("weights"), "metadata: model: jsontext"},
		{"deep JSON", model(strings.Repeat(`[`, 1<<20)), "metadata: model"},
		{"deep operations", model(`{"operations":` + strings.Repeat(`[`, 1<<20)), "metadata: model"},
		{"deep parameters", model(`{"operations":[{"name":"a","kind":"Pool","parameters":` + strings.Repeat(`{"a":`, 20000) + strings.Repeat(`}`, 20000) + `}]}`), "metadata: model"},
		{"many operations", model(`{"operations":[` + strings.Repeat(`{},`, 1<<19) + `{}]}`), "at most 16384"},
		{"operations that are none", model(`{"operations":7}`), "operations: an array"},
		{"many operands", changed(func(p *parts) { p.operation(2)["inputs"] = make([]string, 1<<18) }), `Requantize "codes" has 262144 operands`},
		{"many joined", changed(func(p *parts) {
			p.operation(2)["kind"], p.operation(2)["parameters"], p.operation(2)["inputs"] = "Concat", map[string]any{}, slices.Repeat([]string{"conv"}, 1<<16)
		}), `tensor "codes/mantissa"`},
		{"many classes", changed(func(p *parts) { p.Model["classes"] = make([]string, 1<<18) }), "262144 names of classes for 1 channels"},
		{"many tensors", changed(func(p *parts) {
			for i := range 33000 {
				p.Header[fmt.Sprintf("%x", i)] = map[string]any{"dtype": "U8", "shape": []int{0}, "data_offsets": []int{0, 0}}
			}
		}), `tensor "0": no operation has it`},
		{"a shape without end", safetensorsOf(`{"w":{"dtype":"U8","data_offsets":[0,0],"shape":[` + strings.Repeat("0,", 1<<19) + `0]}}`), `tensor "w": 524289 dimensions`},
		{"a key twice", model(`{"name":"a","name":"b"}`), "duplicate"},
		{"an unknown key", changed(func(p *parts) { p.Model["new"] = 1 }), "unknown"},
		{"another case", changed(func(p *parts) { p.Model["Name"] = "a" }), "unknown"},
		{"an unknown parameter", parameter(1, "dilation", 2), `Conv "conv": parameters`},
		{"a parameter of fractions", parameter(1, "kernel", 1.5), `Conv "conv": parameters`},
		{"a parameter beyond its type", parameter(3, "kernel", 1e300), `Conv "logits": parameters`},
		{"no parameter", changed(func(p *parts) { delete(p.operation(1)["parameters"].(map[string]any), "groups") }), `Conv "conv": kernel 1, stride 1 and groups 0`},
		{"no parameters", changed(func(p *parts) { delete(p.operation(1), "parameters") }), `Conv "conv": parameters`},
		{"an unknown kind", changed(func(p *parts) { p.operation(1)["kind"] = "Softmax" }), `operation 1, "conv", is a "Softmax": no such kind`},
		{"a long name of a class", changed(func(p *parts) { p.Model["classes"] = []string{strings.Repeat("x", 1025)} }), "at most 1024 bytes"},
		{"a kind in lines", changed(func(p *parts) { p.operation(1)["kind"] = "a\nb" }), "no such kind"},
		{"a name in lines", changed(func(p *parts) { p.Model["name"] = "a\nb" }), `a name or text of "a\nb"`},
		{"a long name", changed(func(p *parts) { p.Model["name"] = strings.Repeat("x", 1<<20) }), "at most 128 bytes"},
		{"an escape among the classes", changed(func(p *parts) { p.Model["classes"] = []string{"\x1b[31m"} }), "can be printed"},
		{"a filter", changed(func(p *parts) { p.Model["picture"].(map[string]any)["filter"] = "lanczos" }), `a filter "lanczos": [bilinear bicubic]`},
		{"a crop ratio", changed(func(p *parts) { p.Model["picture"].(map[string]any)["crop_ratio"] = 7 }), "picture: preprocessing with a crop ratio of 7"},
		{"a deviation", changed(func(p *parts) { p.Model["picture"].(map[string]any)["std"] = []float64{0.2, 0, 0.2} }), "picture: normalization of channel 1"},
		{"a picture of another size", changed(func(p *parts) { p.Model["picture"].(map[string]any)["width"] = 2 }), "the input is 1 wide and 1 high"},
		{"huge tensors", parameter(0, "shape", []int{1 << 20, 1 << 20, 3}), `Input "input": a tensor of`},
		{"tensors of 0 elements in 32 bits", parameter(0, "shape", []int{1 << 16, 1 << 16, 2}), `Input "input": a tensor of`},
		{"a step", changed(func(p *parts) {
			p.operation(0)["parameters"].(map[string]any)["grid"].(map[string]any)["step"] = -1
		}), "a step of -1"},
		{"a tensor's type", tensor("conv/bias", "dtype", "I16"), `tensor "conv/bias": 8 bytes of data`},
		{"an unknown type", tensor("conv/bias", "dtype", "I4"), `tensor "conv/bias": "I4" of shape`},
		{"a tensor's axes", tensor("conv/weights", "shape", []int{6}), `tensor "conv/weights": "I8" of shape [6]: I8 of shape [2 3 1 1]`},
		{"a size that lies", tensor("conv/weights", "shape", []int{2, 3, 1, 1 << 25}), `tensor "conv/weights": 6 bytes of data, want 201326592 of I8`},
		{"a size of no memory", tensor("conv/weights", "shape", []int{2, 3, 1, math.MaxInt}), `tensor "conv/weights": 4 dimensions from [2 3 1`},
		{"a size beyond integers", tensor("conv/weights", "shape", []uint64{2, 3, 1, 1 << 63}), `tensor "conv/weights": json`},
		{"a size that is 0 in 32 bits", tensor("conv/weights", "shape", []int{1 << 16, 1 << 16, 1, 1}), `tensor "conv/weights": `},
		{"weights of another shape", changed(func(p *parts) { p.operation(1)["weights"] = []int{6, 1, 1, 1} }), `tensor "conv/weights": "I8" of shape [2 3 1 1]`},
		{"a type in lines", tensor("conv/bias", "dtype", "a\nb\u2028"), `tensor "conv/bias": "a\nb\u2028" of shape`},
		{"weights of many axes", changed(func(p *parts) { p.operation(1)["weights"] = make([]int, 1<<20-1<<12) }), "too many array elements"},
		{"weights of three axes", changed(func(p *parts) { p.operation(1)["weights"] = []int{2, 3, 1} }), "too few array elements"},
		{"a long operand", changed(func(p *parts) { p.operation(2)["inputs"] = []string{strings.Repeat("x", 1<<20)} }), "at most 128 bytes"},
		{"a long name of an operation", changed(func(p *parts) { p.operation(1)["name"] = strings.Repeat("\U000e0001", 1<<10) }), "operation 1: a name or text of"},
		{"a long name of a tensor", changed(func(p *parts) { p.Header[strings.Repeat("\U000e0001", 1<<10)] = p.Header["conv/bias"] }), `tensor "\U000e0001`},
		{"a long name of a tensor of nobody", changed(func(p *parts) {
			p.Header[strings.Repeat("\U000e0001", 1<<10)] = map[string]any{"dtype": "U8", "shape": []int{0}, "data_offsets": []int{0, 0}}
		}), "no operation has it"},
		{"a long key", changed(func(p *parts) { p.Model[strings.Repeat("\U0001d4d0", 1<<10)] = 1 }), "unknown"},
		{"a long key of a tensor", tensor("conv/bias", strings.Repeat("\U0001d4d0", 1<<10), "x"), "is not the one"},
		{"a long type of a shape", tensor("conv/bias", "shape", strings.Repeat("\U0001d4d0", 1<<10)), `tensor "conv/bias"`},
		{"long names in one line", changed(func(p *parts) {
			name := strings.Repeat(`"`, 128)
			p.Model["name"], p.operation(2)["inputs"], p.operation(3)["inputs"] = name, []string{name}, []string{name}
		}), "which nothing before it makes"},
		{"only shifts", factors(0, 1, 0), `no tensor "codes/mantissa" at its place`},
		{"only mantissas", factors(1, 0, 0), `no tensor "codes/shift" at its place`},
		{"only addends", factors(0, 0, 1), `no tensor "codes/mantissa" at its place`},
		{"no shifts", factors(1, 0, 1), `no tensor "codes/shift" at its place`},
		{"no addends", factors(1, 1, 0), `no tensor "codes/addend" at its place`},
		{"no factors", factors(0, 0, 0), "0 factors for 2 channels"},
		{"shifts of another number", factors(1, 2, 1), `tensor "codes/shift": "U8" of shape [2]: U8 of [1], as many as mantissas, is allowed`},
		{"many shifts alone", factors(0, 1<<25, 0), `no tensor "codes/mantissa" at its place`},
		{"many mantissas beside no addend", factors(1<<23, 1<<23, 0), `no tensor "codes/addend" at its place`},
		{"many mantissas beside one addend", factors(1<<23, 1<<23, 1), `tensor "codes/addend": "I64" of shape [1]`},
		{"weights without a shape", changed(func(p *parts) { delete(p.operation(1), "weights") }), `tensor "conv/weights"`},
		{"nibbles of a shape that overflows", changed(func(p *parts) { p.operation(3)["weights"] = []int{math.MaxInt/2 + 1, 4, 1, 1} }), `tensor "logits/weights"`},
		{"nibbles of a shape that overflows 32 bits", changed(func(p *parts) { p.operation(3)["weights"] = []int{1 << 16, 1 << 16, 1, 1} }), `tensor "logits/weights"`},
		{"nibbles of another shape", changed(func(p *parts) { p.operation(3)["weights"] = []int{3, 1, 1, 1} }), `tensor "logits/weights": "U8" of shape [1]`},
		{"width of packed weights", parameter(3, "weight_bits", 8), `tensor "logits/weights"`},
		{"overlap", tensor("conv/bias", "data_offsets", []int{0, 8}), "data_offsets"},
		{"a tensor of nobody", changed(func(p *parts) {
			p.Header["nobody"] = map[string]any{"dtype": "U8", "shape": []int{1}, "data_offsets": []int{len(p.Data), len(p.Data) + 1}}
			p.Data = append(p.Data, 0)
		}), `tensor "nobody": no operation has it`},
		{"an empty tensor", changed(func(p *parts) {
			p.Header["logits/pad"] = map[string]any{"dtype": "I32", "shape": []int{0}, "data_offsets": []int{len(p.Data), len(p.Data)}}
		}), "is not the one that the model is written with"},
		{"header in another order", changed(func(p *parts) {}), "byte "},
		{"blanks in the header", safetensorsOf(string(good[8:8+binary.LittleEndian.Uint64(good)])+"        ", good[8+binary.LittleEndian.Uint64(good):]...), "byte 0 of the file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := hostile.Read(t, len(c.file), func() error { _, err := parse(c.file); return err })
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %.1000v, want %q", err, c.want)
			}
		})
	}
}

// TestReadRefusesGiants: a file of terabytes that holds only a header is refused by
// its size.
func TestReadRefusesGiants(t *testing.T) {
	path := filepath.Join(t.TempDir(), "giant.triovit")
	if err := os.WriteFile(path, written(t, whole()), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<42); err != nil {
		t.Skipf("no sparse files here: %v", err)
	}
	if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), "giant.triovit: has 4398046511104 bytes") {
		t.Errorf("error %v", err)
	}
	if _, err := ReadFile(t.TempDir()); err == nil || !strings.Contains(err.Error(), "a folder, allowed are regular files") {
		t.Errorf("error %v", err)
	}
}

// TestReadIsFrugal: of a large file, whose weights are packed or whose factors are
// wider in memory, no more than twice its bytes are allocated beside the allowance.
func TestReadIsFrugal(t *testing.T) {
	const filters, channels = 1 << 12, 1 << 13
	conv := func(bits int) Operation {
		return &Conv{Kernel: 1, Stride: 1, Groups: 1, WeightBits: bits, Weights: make([]int8, filters*channels), Bias: make([]int32, filters)}
	}
	for _, c := range []struct {
		name     string
		channels int
		last     Operation
	}{
		{"weights of 4 bits", channels, conv(4)},
		{"weights of 8 bits", channels, conv(8)},
		{"factors", 1 << 23, &Requantize{Affine: make([]Affine, 1<<23)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := byHand()
			m.Input().Shape = [3]int{1, 1, c.channels}
			m.Ops = m.Ops[:2]
			m.Ops[1].Operation, m.Ops[1].Values, m.Classes = c.last, Values{}, nil
			file := written(t, m)
			if err := hostile.Read(t, len(file), func() error { _, err := parse(file); return err }); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestWriteRefuses a model that is not valid.
func TestWriteRefuses(t *testing.T) {
	m := whole()
	m.Ops[1].Operation.(*Conv).Bias = nil
	if err := m.WriteFile(filepath.Join(t.TempDir(), "m.triovit")); err == nil || !strings.Contains(err.Error(), "0 filters") {
		t.Errorf("error %v", err)
	}
	if hash, err := m.Hash(); err == nil || hash != "" {
		t.Errorf("hash %q", hash)
	}
}

// TestCodes: a decoded picture takes the codes of the normalized one.
func TestCodes(t *testing.T) {
	m := whole()
	m.Input().Grid.Scale = 0.02
	rapid.Check(t, func(t *rapid.T) {
		picture := preprocess.NewRGB(1, 1)
		copy(picture.Pix, rapid.SliceOfN(rapid.Byte(), 3, 3).Draw(t, "pixel"))
		normalized := make([]float32, 3)
		picture.Normalize(normalized)
		got, err := m.Codes(picture)
		if err != nil || !slices.Equal(got, m.Input().Codes(normalized)) {
			t.Errorf("%v has codes %v (%v), want %v", picture.Pix, got, err, m.Input().Codes(normalized))
		}
	})
	if got, err := m.Codes(preprocess.NewRGB(30, 20)); err != nil || len(got) != 3 {
		t.Errorf("a larger picture: %v (%v)", got, err)
	}
	m.Picture.Pipeline = preprocess.Pipeline{}
	if _, err := m.Codes(preprocess.NewRGB(30, 20)); err == nil || !strings.Contains(err.Error(), "a picture of 30×20, its input is 1 wide and 1 high") {
		t.Errorf("error %v", err)
	}
	if _, err := byHand().Codes(preprocess.NewRGB(1, 1)); err == nil || !strings.Contains(err.Error(), "does not say how") {
		t.Errorf("error %v", err)
	}
}

// fuzzed reads a file that may hold anything.
func fuzzed(t *testing.T, file []byte) {
	var m *Model
	if err := hostile.Read(t, len(file), func() (err error) { m, err = parse(file); return }); err != nil {
		if m != nil {
			t.Fatalf("a model beside the error %q", err)
		}
		return
	}
	if !bytes.Equal(written(t, m), file) {
		t.Fatal("what is read is written differently")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(written(f, whole()))
	f.Add(written(f, network(1)))
	f.Fuzz(fuzzed)
}

// FuzzReadDescription puts any text in place of the model's, in a file that is right
// otherwise.
func FuzzReadDescription(f *testing.F) {
	good := written(f, whole())
	f.Add(apart(f, good).Metadata["model"])
	f.Add(apart(f, written(f, network(1))).Metadata["model"])
	h, err := safetensors.Open(bytes.NewReader(good), int64(len(good)))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var tensors []safetensors.Output
		for _, of := range h.Tensors {
			tensors = append(tensors, safetensors.Output{Name: of.Name, DType: of.DType, Shape: of.Shape, Write: func(w *bufio.Writer) error {
				_, err := io.Copy(w, io.NewSectionReader(of.Data, 0, of.Data.Size()))
				return err
			}})
		}
		var file bytes.Buffer
		meta := map[string]string{"format": fileFormat, "model": text, "version": "1"}
		if safetensors.Write(&file, meta, tensors) != nil {
			return // the text is not valid, or beyond all bounds
		}
		fuzzed(t, file.Bytes())
	})
}
