// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/internal/hostile"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

const separable = `
version: 1
name: a separable convolution
operations:
  - name: dw
    form: depthwise convolution
    role: DW
    height: 56
    width: 56
    output_channels: 64
    kernel: 3
    feeds: pw
  - {name: pw, form: convolution, label: my own, block: b, height: 56, width: 56, output_channels: 32, input_channels: 64, kernel: 1, weight_bits: 4}
  - {name: pw.requantize, form: elementwise, unit: requantization, elements: 100352}
  - {name: kv, form: matrix product, head: true, heads: 2, rows: 3, inner: 4, columns: 5}
tensors:
  - {elements: 200704, readers: [{operation: dw, elements: 200704}]}
  - {maker: dw, elements: 2.00704e5, readers: [{operation: pw, elements: 200704}]}
  - maker: pw
    elements: 100352
`

func TestRead(t *testing.T) {
	got, err := Read("s.yaml", []byte(separable))
	if err != nil {
		t.Fatal(err)
	}
	want := &Workload{
		Name: "a separable convolution",
		Ops: []Operation{
			{Name: "dw", Label: "DW", Role: efficientvit.DW, Unit: Engines, Form: Depthwise, H: 56, W: 56, Cout: 64, Cin: 1, Groups: 64, Kernel: 3, Stride: 1, Feeds: "pw"},
			{Name: "pw", Label: "my own", Block: "b", Unit: Engines, Form: Convolution, H: 56, W: 56, Cout: 32, Cin: 64, Groups: 1, Kernel: 1, Stride: 1, WeightBits: 4, Behind: "dw"},
			{Name: "pw.requantize", Label: "none", Unit: Requantize, Form: Elementwise, Elements: 100352},
			{Name: "kv", Label: "none", Head: true, Unit: Engines, Form: Product, Heads: 2, Rows: 3, Inner: 4, Cols: 5},
		},
		Tensors: []Tensor{
			{Elements: 200704, Readers: []Reading{{"dw", 200704}}},
			{Maker: "dw", Elements: 200704, Readers: []Reading{{"pw", 200704}}},
			{Maker: "pw", Elements: 100352},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestReadErrors(t *testing.T) {
	const top = "version: 1\nname: w\noperations:\n"
	const conv = "height: 4, width: 4, output_channels: 8, input_channels: 8, kernel: 1"
	op := func(fields string) string { return top + "- {" + fields + "}\n" }
	tensor := func(fields string) string {
		return op("name: a, form: elementwise, unit: adder, elements: 8") + "tensors:\n- {" + fields + "}\n"
	}
	const whole = "must be a whole number from 1 to 1125899906842624"
	const text = "must be a string of 1 to 200 bytes, printable, without spaces around it"
	tests := []struct{ name, yaml, want string }{
		{"zero", op("name: a, form: elementwise, unit: adder, elements: 0"), `f.yaml:4: operations[0].elements: "0" ` + whole},
		{"beyond", op("name: a, form: elementwise, unit: adder, elements: 1125899906842625"), `f.yaml:4: operations[0].elements: "1125899906842625" ` + whole},
		{"fraction", top + "- name: a\n  form: convolution\n  height: 1.5\n", `f.yaml:6: operations[0].height: "1.5" ` + whole},
		{"word for a number", op("name: a, form: convolution, width: many"), `f.yaml:4: operations[0].width: "many" ` + whole},
		{"null", op("name: a, form: convolution, width: "), `f.yaml:4: operations[0].width: "" ` + whole},
		{"number for a name", op("name: 7, form: convolution"), `f.yaml:4: operations[0].name: "7" ` + text},
		{"empty name", op("name: \"\", form: convolution"), `f.yaml:4: operations[0].name: "\"\"" ` + text},
		{"label", op(`name: a, form: convolution, label: "a\nb"`), `f.yaml:4: operations[0].label: "\"a\\nb\"" ` + text + `, or ""`},
		{"head", op("name: a, form: convolution, head: 1"), `f.yaml:4: operations[0].head: "1" must be true or false`},
		{"form", op("name: a, form: conv"), `f.yaml:4: operations[0].form: "conv" must be one of convolution, depthwise convolution, matrix product, elementwise`},
		{"no form", op("name: a"), `f.yaml:4: operations[0].form: missing: it must be one of convolution, depthwise convolution, matrix product, elementwise`},
		{"unit", op("name: a, form: elementwise, unit: gpu, elements: 8"), `f.yaml:4: operations[0].unit: "gpu" must be one of engines, sum over K, log2 module, shifter, divider, requantization, activation, adder, resizer, pooling adder, host`},
		{"unit of another form", op("name: a, form: elementwise, unit: engines, elements: 8"), `f.yaml:4: operations[0]: a elementwise cannot run on the unit "engines"`},
		{"field of another form", op("name: a, form: elementwise, rows: 8"), `f.yaml:4: operations[0].rows: no such field: have name, form, role, label, block, head, unit, elements`},
		{"missing size", op("name: a, form: convolution, height: 8"), `f.yaml:4: operations[0].width: missing: it ` + whole},
		{"scalar for an operation", top + "- 8\n", `f.yaml:4: operations[0]: "8" must be fields, each on its line`},
		{"no list", "version: 1\nname: w\noperations: 8\n", `f.yaml:3: operations: "8" must be a list`},
		{"no operations", "version: 1\nname: w\n", `f.yaml:1: operations: there must be at least 1`},
		{"twice", op("name: a, form: convolution, "+conv) + "- {name: a, form: convolution, " + conv + "}\n", `f.yaml:5: operations[1].name: "a" must be unique, and operations[0] has it`},
		{"one end", op("name: a, form: depthwise convolution, height: 4, width: 4, output_channels: 8, kernel: 3, feeds: b"), `f.yaml:4: operations[0].feeds: "b" must be an operation listed behind "a" that nothing else feeds`},
		{"steps", op("name: a, form: matrix product, heads: 1, rows: 1e10, inner: 1e10, columns: 1e10"), `f.yaml:4: operations[0]: "a": 1e+30 steps up to here must be at most 2^50`},
		{"two sizes", top + "- name: a\n  form: depthwise convolution\n  height: 4\n  width: 4\n  output_channels: 8\n  kernel: 3\n  feeds: b\n- {name: b, form: convolution, " + strings.Replace(conv, "height: 4", "height: 5", 1) + "}\n",
			`f.yaml:10: operations[0].feeds: "b" of 5×4 must have the size of "a", 4×4`},
		{"no pointwise convolution", op("name: a, form: depthwise convolution, height: 4, width: 4, output_channels: 8, kernel: 3, feeds: b") + "- {name: b, form: convolution, " + strings.Replace(conv, "kernel: 1", "kernel: 3", 1) + "}\n",
			`f.yaml:5: operations[1]: "b": behind "a": only a pointwise convolution takes a stream`},
		{"tensor's maker", tensor("maker: b, elements: 8"), `f.yaml:6: tensors[0].maker: "b" must be an operation`},
		{"tensor's reader", tensor("elements: 8}\n- elements: 8\n  readers:\n  - {operation: b, elements: 8"), `f.yaml:9: tensors[1].readers[0].operation: "b" must be an operation`},
		{"more than there is", tensor("elements: 8, readers: [{operation: a, elements: 9}]"), `f.yaml:6: tensors[0].readers[0].elements: 9 must be from 1 to 8, the tensor's`},
		{"not a number", op("name: a, form: convolution, width: nan"), `f.yaml:4: operations[0].width: "nan" ` + whole},
		{"tensor's field", tensor("size: 8"), `f.yaml:6: tensors[0].size: no such field: have maker, elements, readers`},
		{"reader", tensor("elements: 8, readers: [{operation: a, elements: many}]"), `f.yaml:6: tensors[0].readers[0].elements: "many" ` + whole},
		{"readers", tensor("elements: 8, readers: a"), `f.yaml:6: tensors[0].readers: "a" must be a list`},
		{"printed GOP", "version: 1\nname: w\nprinted_gop: -1\n", `f.yaml:3: printed_gop: "-1" must be a number from 0 to 1000000000`},
		{"unknown field", "version: 1\nops: []\n", `f.yaml:2: ops: no such field: have version, name, printed_gop, operations, tensors`},
		{"field over lines", "\"a\\nb\": 1\n", `f.yaml:1: "a\nb": no such field: have version, name, printed_gop, operations, tensors`},
		{"list", "- version: 1\n", `f.yaml:1: workload: "- version: 1" must be fields, each on its line`},
		{"no version", "name: w\n", `f.yaml:1: version: missing: it must be 1`},
		{"empty", "", `f.yaml: no version: the file must say "version: 1"`},
		{"other version", "version: 2\n", `f.yaml:1: version: "2" must be 1`},
		{"field twice", "version: 1\nname: a\nname: b\n", `f.yaml:3: not YAML: mapping key "name" already defined at [2:1]`},
		{"two documents", "version: 1\n---\nversion: 1\n", "f.yaml: 2 documents: a workload is one"},
		{"no YAML", "version: [1\n", "f.yaml:1: not YAML: sequence end token ']' not found"},
		{"too long", strings.Repeat("#", 1<<20+1), "f.yaml: more than the 1048576 bytes that are allowed"},
		{"too deep", strings.Repeat("[\n", 1<<14), "f.yaml:17: more than 16 open brackets"},
		{"many items", "[" + strings.Repeat("a,", 39_990) + "]", `f.yaml:1: workload: "[a, a, a, a, a, a, a, a, a, a, a, a, a, ..." must be fields, each on its line`},
		{"too many items", "[" + strings.Repeat("a,", 1<<16), "f.yaml: 65537 of the characters \",[]{}:#\\n-?'\\\"&*!|>\": at most 40000 are allowed"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := hostile.Read(t, len(test.yaml), func() error { _, err := Read("f.yaml", []byte(test.yaml)); return err })
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
	if _, err := Read("f.yaml", []byte(op("name: a, form: convolution, role: dw, "+conv))); err == nil ||
		!strings.HasPrefix(err.Error(), `f.yaml:4: operations[0].role: "dw" must be one of none, stem, DSConv DW, `) {
		t.Errorf("role: %v", err)
	}
}

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deit.yaml")
	want, err := DeiT("deit-tiny")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, want.YAML(), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-written +read)\n%s", diff)
	}
	if _, err := ReadFile(path + ".absent"); err == nil || !strings.Contains(err.Error(), "deit.yaml.absent") {
		t.Errorf("the error of an absent file does not name it: %v", err)
	}
}

// TestNetworksAreReadBack: the workload of a network is read back after it is written,
// also that of the largest.
func TestNetworksAreReadBack(t *testing.T) {
	for _, name := range []string{"b1-r224", "b3-r288", "seg-b3-cityscapes"} {
		want := fromNetwork(t, describe(t, name))
		data := want.YAML()
		got, err := Read(name, data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s, %d bytes (-written +read)\n%s", name, len(data), diff)
		}
	}
}

// drawWorkload draws any workload of some operations that Validate allows.
func drawWorkload(t *rapid.T) *Workload {
	text := rapid.SampledFrom([]string{"a", "naïve: #1", `"quoted" \ back`, "8", "- x", "{y: [", "null", "~", "'"})
	size := rapid.IntRange(1, 32)
	w := &Workload{Name: text.Draw(t, "name"), PrintedGOP: rapid.Float64Range(0, maxGOP).Draw(t, "printed GOP")}
	n := rapid.IntRange(1, 8).Draw(t, "operations")
	for i := range n {
		o := Operation{
			Name:  fmt.Sprint(text.Draw(t, "operation"), i),
			Role:  rapid.SampledFrom([]efficientvit.Role{efficientvit.NoRole, efficientvit.DW, efficientvit.KTV}).Draw(t, "role"),
			Block: rapid.SampledFrom([]string{"", "b.0"}).Draw(t, "block"),
			Head:  rapid.Bool().Draw(t, "head"),
			Form:  Form(rapid.IntRange(int(Convolution), int(Elementwise)).Draw(t, "form")),
			Unit:  Engines,
		}
		o.Label = rapid.SampledFrom([]string{"", o.Role.String(), "none", "my own"}).Draw(t, "label")
		sizes := []*int{&o.H, &o.W, &o.Cout, &o.Cin, &o.Kernel, &o.Groups, &o.Stride}
		switch o.Form {
		case Product:
			sizes = []*int{&o.Heads, &o.Rows, &o.Inner, &o.Cols}
		case Elementwise:
			sizes = nil
			o.Unit = rapid.SampledFrom(Units()[1:]).Draw(t, "unit")
			o.Elements = rapid.Int64Range(1, maxSteps/16).Draw(t, "elements")
		}
		for _, s := range sizes {
			*s = size.Draw(t, "size")
		}
		switch o.Form {
		case Convolution:
			o.Cout *= o.Groups
		case Depthwise:
			o.Cin, o.Groups = 1, o.Cout
		}
		// A depthwise convolution before may stream into this one.
		if i > 0 && o.Form == Convolution {
			if before := &w.Ops[i-1]; before.Form == Depthwise && rapid.Bool().Draw(t, "stream") {
				o.H, o.W, o.Kernel, o.Stride = before.H, before.W, 1, 1
				o.Cin, o.Groups = before.Cout, 1
				before.Feeds, o.Behind = o.Name, before.Name
			}
		}
		w.Ops = append(w.Ops, o)
	}
	for i := -1; i < n-1; i++ {
		tensor := Tensor{Elements: rapid.Int64Range(1, maxSteps).Draw(t, "tensor")}
		if i >= 0 {
			tensor.Maker = w.Ops[i].Name
		}
		for range rapid.IntRange(0, 2).Draw(t, "readers") {
			by := rapid.IntRange(i+1, n-1).Draw(t, "reader")
			tensor.Readers = append(tensor.Readers, Reading{w.Ops[by].Name, rapid.Int64Range(1, tensor.Elements).Draw(t, "reading")})
		}
		w.Tensors = append(w.Tensors, tensor)
	}
	if rapid.Bool().Draw(t, "chain") {
		w.Tensors = nil
	}
	return w
}

func TestWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawWorkload(t)
		if err := want.Validate(); err != nil {
			t.Fatal(err)
		}
		got, err := Read("drawn.yaml", want.YAML())
		if err != nil {
			t.Fatalf("%v\n%s", err, want.YAML())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

// FuzzRead: a workload that is read is valid, and is read back after it is written. The
// error for any other file is one line that names the file.
func FuzzRead(f *testing.F) {
	f.Add([]byte(separable))
	f.Add([]byte("{version: 1, name: w, operations: [{name: a, form: elementwise, unit: host, elements: 0x10}]}"))
	f.Add([]byte("version: 1\nname: &n w\noperations:\n- &o {name: *n, form: convolution, <<: *o}\n"))
	f.Add([]byte("version: 1\nname: \"\\u00e9\"\nprinted_gop: 1e2\n---\n- [\n"))
	f.Add([]byte("? - - -\n: {[: ]}"))
	f.Add([]byte("version\n\n\nname: 1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var w *Workload
		if err := hostile.Read(t, len(data), func() (err error) { w, err = Read("f.yaml", data); return }); err != nil {
			if !strings.HasPrefix(err.Error(), "f.yaml:") {
				t.Errorf("does not name the file: %q", err)
			}
			return
		}
		if err := w.Validate(); err != nil {
			t.Fatalf("read, but not valid: %v", err)
		}
		again, err := Read("again.yaml", w.YAML())
		if err != nil {
			t.Fatalf("written and read again: %v\n%s", err, w.YAML())
		}
		if diff := cmp.Diff(w, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("written and read again (-read +again)\n%s", diff)
		}
	})
}

// BenchmarkRead reads the largest classifier's workload.
func BenchmarkRead(b *testing.B) {
	data := fromNetwork(b, describe(b, "b3-r288")).YAML()
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Read("b3.yaml", data); err != nil {
			b.Fatal(err)
		}
	}
}
