// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"bytes"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gotriovit/gotriovit/internal/shared"
	ts "github.com/gotriovit/gotriovit/internal/torchsave"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// stateDict is a state dict of a variant whose values are all the same, below
// names that rename makes of the official ones.
func stateDict(t *testing.T, variant string, value float32, rename func(string) string) ts.StateDict {
	t.Helper()
	var items ts.StateDict
	params := describe(t, variant, efficientvit.Classes(3)).Params()
	for _, name := range slices.Sorted(maps.Keys(params)) {
		items = append(items, ts.Item{Key: rename(name), Value: ts.Full(value, params[name]...)})
	}
	return items
}

func below(prefix string) func(string) string {
	return func(name string) string { return prefix + name }
}

func dictOf(keysAndValues ...any) ts.Dict {
	var d ts.Dict
	for i := 0; i < len(keysAndValues); i += 2 {
		d = append(d, ts.Item{Key: keysAndValues[i], Value: keysAndValues[i+1]})
	}
	return d
}

// valueOf is the value of all weights of a model that stateDict made.
func valueOf(t *testing.T, m *Model) float32 {
	t.Helper()
	value := m.Weights["head.op_list.3.linear.bias"].Data[0]
	for name, tensor := range m.Weights {
		for _, v := range tensor.Data {
			if v != value {
				t.Fatalf("%s has %g, others %g", name, v, value)
			}
		}
	}
	return value
}

// TestWrappings: a file as people have it, which of its weights are taken, and what
// the model says of it.
func TestWrappings(t *testing.T) {
	same := below("")
	b0 := func(value float32, rename func(string) string) ts.StateDict {
		return stateDict(t, "b0-r224", value, rename)
	}
	with := func(d ts.StateDict, items ...ts.Item) ts.StateDict { return append(d, items...) }
	counter := ts.Tensor{Class: "LongStorage", Key: "count", Numel: 1}
	middle := func(name string) string {
		return strings.NewReplacer("backbone.", "backbone._orig_mod.", "op_list.", "op_list.module.").Replace(name)
	}
	args := ts.Object{Class: "argparse.Namespace", Attributes: dictOf("lr", 0.1)}
	optimizer := dictOf("state", dictOf(0, dictOf("exp_avg", ts.Full(0, 8, 3, 3, 3))), "param_groups", ts.List{dictOf("params", ts.List{0})})
	for _, test := range []struct {
		name  string
		file  any
		key   string
		value float32 // value of the weights that are taken
		want  string  // text behind the file's name
	}{
		{"state dict", b0(1, same), "", 1, ""},
		{"official", dictOf("state_dict", b0(1, same)), "", 1, ", weights state_dict"},
		{"any key", dictOf("epoch", 3, "net", b0(1, same), "optimizer", optimizer), "", 1, ", weights net"},
		{"a network beside another's tensors", dictOf("generator", b0(1, same), "vgg", dictOf("conv.weight", ts.Full(9, 3))), "", 1, ", weights generator"},
		{"a float as the key", dictOf("ema", dictOf(0.9998, b0(2, same))), "", 2, ", weights ema.0.9998"},
		{"MIT's trainer", dictOf("state_dict", b0(1, same), "ema", dictOf(0.9998, b0(2, same)), "optimizer", optimizer, "scaler", nil), "", 1, ", weights state_dict (also there: ema.0.9998)"},
		{"MIT's trainer, averaged", dictOf("state_dict", b0(1, same), "ema", dictOf(0.9998, b0(2, same))), "ema.0.9998", 2, ", weights ema.0.9998 (also there: state_dict)"},
		{"MIT's trainer, averaged, in short", dictOf("state_dict", b0(1, same), "ema", dictOf(0.9998, b0(2, same))), "ema", 2, ", weights ema.0.9998 (also there: state_dict)"},
		{"timm, averaged", dictOf("state_dict", b0(1, same), "state_dict_ema", b0(2, same)), "", 2, ", weights state_dict_ema (also there: state_dict)"},
		{"timm, plain", dictOf("state_dict", b0(1, same), "state_dict_ema", b0(2, same)), "state_dict", 1, ", weights state_dict (also there: state_dict_ema)"},
		{"timm, nothing averaged", dictOf("state_dict", b0(1, same), "state_dict_ema", nil), "", 1, ", weights state_dict"},
		{"DeiT, averaged", dictOf("model", b0(1, same), "model_ema", b0(2, same), "args", args), "", 2, ", weights model_ema (also there: model)"},
		{"averaged weights of another network", dictOf("state_dict", b0(1, same), "state_dict_ema", b0(2, same)[:100]), "", 1, ", weights state_dict"},
		{"DataParallel", b0(1, below("module.")), "", 1, ", weights module"},
		{"DataParallel around torch.compile", dictOf("model", b0(1, below("module._orig_mod."))), "", 1, ", weights model.module._orig_mod"},
		{"Lightning", dictOf("state_dict", with(b0(1, below("model.")), ts.Item{Key: "criterion.weight", Value: ts.Full(9, 3)}), "hyper_parameters", args),
			"", 1, ", weights state_dict.model, 1 other tensor left out (criterion.weight)"},
		{"Lightning, averaged elsewhere", dictOf("state_dict", b0(1, below("model.")), "ema_state_dict", b0(2, below("model."))), "", 1, ", weights state_dict.model (also there: ema_state_dict.model)"},
		{"averaged below a prefix", with(b0(1, same), b0(2, below("ema.module."))...), "", 1, ", weights top (also there: ema.module)"},
		{"averaged below a prefix, by its key", with(b0(1, same), b0(2, below("ema.module."))...), "ema", 2, ", weights ema.module (also there: top)"},
		{"the top, by its key", with(b0(1, same), b0(2, below("ema."))...), "top", 1, ", weights top (also there: ema)"},
		{"teacher", dictOf("state_dict", with(b0(1, below("student.")), b0(2, below("teacher."))...)), "state_dict.teacher", 2, ", weights state_dict.teacher (also there: state_dict.student)"},
		{"modules compiled within", b0(1, middle), "", 1, ""},
		{"AveragedModel", with(b0(1, below("module.")), ts.Item{Key: "n_averaged", Value: counter}), "", 1, ", weights module, 1 other tensor left out (n_averaged)"},
		{"thop", with(b0(1, same), ts.Item{Key: "total_ops", Value: ts.Full(9, 1)}, ts.Item{Key: "total_params", Value: ts.Full(9, 1)}, ts.Item{Key: "head.total_ops", Value: ts.Full(9, 1)}),
			"", 1, ", 3 other tensors left out (total_ops, total_params)"},
		{"counters of BatchNorm", with(b0(1, same), ts.Item{Key: "backbone.input_stem.op_list.0.norm.num_batches_tracked", Value: counter}), "", 1, ""},
		{"epoch beside the tensors", with(b0(1, same), ts.Item{Key: "epoch", Value: 3}), "", 1, ""},
		{"a command beside it", dictOf("state_dict", b0(1, same), "hook", ts.Call{Function: "posix.system", Arguments: ts.Tuple{"exit 1"}}), "", 1, ", weights state_dict"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for kind, content := range map[string][]byte{"zip": ts.Zip(test.file), "legacy": ts.Legacy(test.file)} {
				path := filepath.Join(t.TempDir(), kind)
				put(t, path, content)
				m, err := Load(t.Context(), "", File(path).At(test.key))
				if err != nil {
					t.Fatal(err)
				}
				if got := valueOf(t, m); got != test.value || m.Source != kind+test.want {
					t.Errorf("weights of %g from %q, want %g from %q", got, m.Source, test.value, kind+test.want)
				}
				if err := m.Weights.Check(m.Net.Params()); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestWrappingsRefused: in a line what is in the file, and what to do.
func TestWrappingsRefused(t *testing.T) {
	same := below("")
	b0 := stateDict(t, "b0-r224", 1, same)
	for _, test := range []struct {
		name, variant, key string
		file               any
		want               []string
	}{
		{"two of no loader", "", "", dictOf("student", b0, "teacher", b0), []string{"several networks that fit", "choose student, teacher by TRIOVIT_WEIGHTS or -weights"}},
		{"two prefixes", "", "", dictOf("state_dict", append(stateDict(t, "b0-r224", 1, below("student.")), stateDict(t, "b0-r224", 2, below("teacher."))...)),
			[]string{"choose state_dict.student, state_dict.teacher"}},
		{"no such key", "", "ema", dictOf("state_dict", b0, "student", b0), []string{`no weights are called "ema"`, "state_dict, student"}},
		{"a key that begins two", "", "ema", dictOf("ema", dictOf(0.9, b0, 0.99, b0)), []string{`"ema"`, "ema.0.9, ema.0.99"}},
		{"a key of weights that do not fit", "", "ema", dictOf("state_dict", b0, "ema", slices.Concat(b0[:100], b0[101:])), []string{"weights ema: the weights do not fit", "1 missing"}},
		{"another layer", "", "", dictOf("state_dict", append(slices.Clone(b0), ts.Item{Key: "backbone.stages.0.gamma", Value: ts.Full(1, 1)})), []string{"1 extra (backbone.stages.0.gamma)"}},
		{"integers in place of weights", "", "", append(slices.Clone(b0[1:]), ts.Item{Key: b0[0].Key, Value: ts.Tensor{Class: "CharStorage", Key: "integers", Numel: 1,
			Shape: b0[0].Value.(ts.Tensor).Shape, Stride: b0[0].Value.(ts.Tensor).Stride}}), []string{`dtype "I8", want F32`}},
		{"two tensors of one name", "", "", append(stateDict(t, "b0-r224", 1, same), ts.Item{Key: strings.Replace(b0[1].Key.(string), ".", ".module.", 1), Value: b0[1].Value}), []string{"two tensors are called " + b0[1].Key.(string)}},
		{"another network, beside a mean", "", "", dictOf("mean", ts.Full(1, 3), "net", dictOf("conv1.weight", ts.Full(1, 64, 3, 7, 7), "fc.weight", ts.Full(1, 10, 512))), []string{"but 2 tensors, such as conv1.weight, under net"}},
		{"another network", "", "", dictOf("state_dict", dictOf("conv1.weight", ts.Full(1, 64, 3, 7, 7), "fc.weight", ts.Full(1, 10, 512))),
			[]string{"not the weights of an EfficientViT of the B series, but 2 tensors, such as conv1.weight, under state_dict"}},
		{"whole model", "", "", dictOf("model", ts.Object{Class: "efficientvit.EfficientViTCls", Attributes: dictOf("training", false)}),
			[]string{`an object of "efficientvit.EfficientViTCls" under model`, "no dict of tensors"}},
		{"another variant", "b1-r224", "", dictOf("state_dict", b0), []string{"weights state_dict: the weights do not fit efficientvit-b1-r224 (they look like efficientvit-b0-r224)"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.pt")
			put(t, path, ts.Zip(test.file))
			_, err := Load(t.Context(), test.variant, File(path).At(test.key))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range append(test.want, "a.pt") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
		})
	}
}

// TestVariantChooses: of two networks that which is asked for.
func TestVariantChooses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "distillation.pt")
	put(t, path, ts.Zip(dictOf("student", stateDict(t, "b0-r224", 1, below("")), "teacher", stateDict(t, "b1-r224", 2, below("")))))
	for variant, want := range map[string]float32{"b0-r224": 1, "b1-r256": 2} {
		m, err := Load(t.Context(), variant, File(path))
		if err != nil {
			t.Fatal(err)
		}
		if got := valueOf(t, m); got != want {
			t.Errorf("%s has the weights of %g, want %g", variant, got, want)
		}
	}
}

// TestSafetensorsOfDataParallel: prefixes are no matter of the format.
func TestSafetensorsOfDataParallel(t *testing.T) {
	set := weights.Set{}
	for name, tensor := range weights.Synthetic(describe(t, "b0-r224").Params()) {
		set["module."+name] = tensor
	}
	var file bytes.Buffer
	if err := weights.WriteSafetensors(&file, set, weights.F32, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	put(t, path, file.Bytes())
	for _, source := range []Source{File(path), Tensors(set, "model.safetensors")} {
		m, err := Load(t.Context(), "", source)
		if err != nil {
			t.Fatal(err)
		}
		if m.Source != "model.safetensors, weights module" || m.Weights[efficientvit.OfficialStem] == nil {
			t.Errorf("%s of %q", m.Net.Name, m.Source)
		}
	}
}

// TestTooManyNetworks: a file of thousands of networks is an error of one line.
func TestTooManyNetworks(t *testing.T) {
	var dicts []weights.Dict
	tensors := map[string]weights.Header{efficientvit.OfficialStem: {DType: "F32", Shape: []int{8, 3, 3, 3}}}
	for range 10_000 {
		dicts = append(dicts, weights.Dict{Key: "net", Tensors: tensors})
	}
	if _, _, err := choose(dicts, "", "", nil); err == nil || !strings.Contains(err.Error(), "over 64 networks") || len(err.Error()) > 500 {
		t.Errorf("error %v", err)
	}
}

// TestDivideStem: the prefix of a first convolution's name is found, whatever
// wrappers stand within the name.
func TestDivideStem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.OneOf(rapid.SampledFrom(wrappers), rapid.StringMatching(`[a-z_]{1,6}`))
		prefix := rapid.SliceOfN(part, 0, 4).Draw(t, "prefix")
		timm := rapid.Bool().Draw(t, "timm")
		stem := stems[0]
		if timm {
			stem = stems[1]
		}
		name := slices.Clone(prefix)
		for i, p := range stem {
			if i > 0 && rapid.IntRange(0, 3).Draw(t, "wrapped") == 0 {
				name = append(name, rapid.SampledFrom(wrappers).Draw(t, "wrapper"))
			}
			name = append(name, p)
		}
		got, gotTimm, ok := divideStem(strings.Join(name, "."))
		if !ok || gotTimm != timm || !slices.Equal(got, prefix) {
			t.Fatalf("%v: prefix %v, timm %v, %v", name, got, gotTimm, ok)
		}
		if _, _, ok := divideStem(strings.Join(append(name, "bias"), ".")); ok {
			t.Fatal("a longer name is taken for a first convolution's")
		}
	})
}

// TestFieldCheckpoints: files as trainers write them, and the class that their
// weights answer whatever the picture is.
func TestFieldCheckpoints(t *testing.T) {
	for _, test := range []struct {
		file, key string
		class     int
		source    string
		timm      bool
	}{
		{"timm_5_ema_6.pth.tar", "", 6, ", weights state_dict_ema (also there: state_dict)", true},
		{"timm_5_ema_6.pth.tar", "state_dict", 5, ", weights state_dict (also there: state_dict_ema)", true},
		{"timm_train_args.pth.tar", "", 5, ", weights state_dict", true},
		{"mit_trainer_ema.pt", "", 5, ", weights state_dict", false},
		{"dataparallel.pt", "", 5, ", weights state_dict.module", false},
		{"model_state_dict.pt", "", 5, ", weights model_state_dict", false},
	} {
		t.Run(test.file+" "+test.key, func(t *testing.T) {
			m, err := Load(t.Context(), "", File(shared.Path(t, "data/field/"+test.file)).At(test.key))
			if err != nil {
				t.Fatal(err)
			}
			bias := m.Weights["head.op_list.3.linear.bias"].Data
			if class := slices.Index(bias, slices.Max(bias)); class != test.class || m.Source != test.file+test.source {
				t.Errorf("class %d from %q, want %d from %q", class, m.Source, test.class, test.file+test.source)
			}
			eps := map[bool]float64{false: 1e-15, true: 1e-5}[test.timm]
			if i := slices.IndexFunc(m.Net.Ops, func(op efficientvit.Op) bool { return op.Eps == eps && op.Kind == efficientvit.Divide }); i < 0 {
				t.Errorf("no division has an eps of %g", eps)
			}
		})
	}
}

// TestPrepareTakesWeights: the key reaches the model from an option and from the
// environment.
func TestPrepareTakesWeights(t *testing.T) {
	t.Setenv("TRIOVIT_CACHE", t.TempDir())
	dir := t.TempDir()
	checkpoint, pictures := filepath.Join(dir, "training.pth.tar"), filepath.Join(dir, "pictures")
	put(t, checkpoint, ts.Zip(dictOf("state_dict", stateDict(t, "b0-r224", 1, below("")), "state_dict_ema", stateDict(t, "b0-r224", 2, below("")))))
	for _, split := range []string{"train", "val"} {
		for _, class := range []string{"a", "b", "c"} {
			put(t, filepath.Join(pictures, split, class, "x.png"), blank(t, 300, 260))
		}
	}
	t.Setenv("TRIOVIT_MODEL", checkpoint)
	t.Setenv("TRIOVIT_DATA", pictures)
	hashes := map[string]bool{}
	for key, want := range map[string]float32{"": 2, "state_dict": 1} {
		t.Setenv("TRIOVIT_WEIGHTS", key)
		byOption, err := Prepare(t.Context(), checkpoint, pictures, WeightsAt(key))
		if err != nil {
			t.Fatal(err)
		}
		byEnvironment, err := FromEnvironment(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*Setup{byOption, byEnvironment} {
			if got := valueOf(t, s.Model); got != want || !strings.Contains(s.String(), s.Model.Source) {
				t.Errorf("%q takes the weights of %g, want %g: %s", key, got, want, s)
			}
		}
		hashes[byOption.Model.Hash()] = true
	}
	if len(hashes) != 2 {
		t.Error("two weights of a file have the same hash, under which results are cached")
	}
	if _, err := Prepare(t.Context(), "", "", WeightsAt("ema")); err == nil || !strings.Contains(err.Error(), "weights are given (ema) but no checkpoint") {
		t.Errorf("weights of no checkpoint: error %v", err)
	}
}

// TestNoTensors: a set without any is no network.
func TestNoTensors(t *testing.T) {
	var file bytes.Buffer
	if err := weights.WriteSafetensors(&file, nil, weights.F32, nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "empty.safetensors")
	put(t, path, file.Bytes())
	for _, source := range []Source{File(path), Tensors(nil, "empty.safetensors")} {
		if _, err := Load(t.Context(), "", source); err == nil || !strings.Contains(err.Error(), "empty.safetensors: no tensor") {
			t.Errorf("error %v", err)
		}
	}
}
