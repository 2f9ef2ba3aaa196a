// SPDX-License-Identifier: Apache-2.0

package efficientvit

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func describe(t testing.TB, name string, options ...Option) *Network {
	t.Helper()
	net, err := Describe(name, options...)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// TestCounts compares parameters and MACs with the numbers of the reference's README
// and of an independent count of B1. Parameters must be equal. MACs must be equal to
// the printed digit.
func TestCounts(t *testing.T) {
	for _, want := range []struct {
		name   string
		params int64
		mmacs  string // total MACs in millions, to two decimals
		matmul string
		pw     string
	}{
		{"b0-r224", 3_410_008, "100.23", "2.56", "74.66"},
		{"b1-r224", 9_102_024, "519.21", "8.53", "449.58"},
		{"b1-r256", 9_102_024, "676.92", "11.14", "587.20"},
		{"b1-r288", 9_102_024, "855.64", "14.10", "743.18"},
		{"b2-r224", 24_330_712, "1584.94", "34.77", "1408.94"},
		{"b3-r224", 48_646_056, "3953.82", "69.54", "3648.00"},
	} {
		t.Run(want.name, func(t *testing.T) {
			net := describe(t, want.name)
			var matmul, pw int64
			for i := range net.Ops {
				op := &net.Ops[i]
				switch {
				case op.Kind == MatMul || op.Kind == SumTokens:
					matmul += net.MACs(op)
				case op.Kind == Conv && op.Kernel == 1 && op.Groups == 1 && op.Role != HeadOutput:
					pw += net.MACs(op)
				}
			}
			m := func(n int64) string { return fmt.Sprintf("%.2f", float64(n)/1e6) }
			if got := net.ParamCount(); got != want.params {
				t.Errorf("%d parameters, want %d", got, want.params)
			}
			if got := m(net.TotalMACs()); got != want.mmacs {
				t.Errorf("%s M MACs, want %s", got, want.mmacs)
			}
			if got := m(matmul); got != want.matmul {
				t.Errorf("%s M MACs in the attention, want %s", got, want.matmul)
			}
			if got := m(pw); got != want.pw {
				t.Errorf("%s M MACs in pointwise convolutions, want %s", got, want.pw)
			}
		})
	}
	for name, gmacs := range map[string]string{
		"seg-b0-cityscapes": "4.4", "seg-b1-cityscapes": "25", "seg-b2-cityscapes": "74", "seg-b3-cityscapes": "179",
	} {
		net := describe(t, name)
		digits := len(gmacs) - 1 - strings.Index(gmacs+".", ".")
		if got := fmt.Sprintf("%.*f", max(digits, 0), float64(net.TotalMACs())/1e9); got != gmacs {
			t.Errorf("%s: %s G MACs, the reference's README says %s", name, got, gmacs)
		}
	}
}

// TestNamesOfCheckpoints compares the parameters of every variant with the names and
// shapes in the reference's state dicts.
func TestNamesOfCheckpoints(t *testing.T) {
	files, err := filepath.Glob("../testdata/golden/*_names.json")
	if err != nil || len(files) != 15 {
		t.Fatalf("%d files of names, want 15 (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var names map[string][]int
			if err := json.Unmarshal(data, &names); err != nil {
				t.Fatal(err)
			}
			parts := strings.Split(strings.TrimSuffix(filepath.Base(file), "_names.json"), "_")
			name := parts[len(parts)-1] + "-r224"
			if parts[1] == "seg" {
				name = "seg-" + parts[3] + "-" + parts[2]
			}
			want := describe(t, name).Params()
			seen := 0
			for key, shape := range names {
				if strings.HasSuffix(key, "num_batches_tracked") {
					continue
				}
				if parts[0] == "timm" {
					key = OfficialName(key)
				}
				seen++
				if got, ok := want[key]; !ok || !slices.Equal(got, shape) {
					t.Errorf("%s has shape %v, the network says %v", key, shape, got)
				}
			}
			if seen != len(want) {
				t.Errorf("%d parameters, the network has %d", seen, len(want))
			}
		})
	}
}

func TestDescribeErrors(t *testing.T) {
	for _, c := range []struct {
		name, variant string
		options       []Option
		want          string
	}{
		{"unknown variant", "b7-r224", nil, `no variant "b7-r224": have efficientvit-b0-r224`},
		{"no classes", "b1-r224", []Option{Classes(0)}, "0 classes"},
		{"more classes than a byte", "seg-b0-cityscapes", []Option{Classes(256)}, "1 to 255"},
		{"eps that is not a number", "b1-r224", []Option{DivisorEps(math.NaN())}, "eps of the divisors of NaN"},
		{"tiny picture", "b1-r224", []Option{InputSize(16, 224)}, "height 16 and width 224"},
		{"segmentation off the grid", "seg-b0-cityscapes", []Option{InputSize(700, 960)}, "multiples of 32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Describe(c.variant, c.options...)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, c.want)
			}
		})
	}
}

// TestPoints compares every operation of every variant with the table of
// calib/INTEGER.md: which operands are quantized, in which class, with how many bits,
// and with or without a sign.
func TestPoints(t *testing.T) {
	one := func(operand int, class PointClass, bits int, signed bool) string {
		return fmt.Sprint(Point{operand, class, bits, signed})
	}
	table := func(op *Op) string {
		switch {
		case op.Kind == Linear && op.Name == "head.op_list.3.linear":
			return one(0, LastInput, 8, true)
		case op.Kind == Conv || op.Kind == Linear:
			return one(0, ConvInput, 8, true)
		case op.Kind == Hardswish:
			return one(0, PreActivation, 16, true)
		case op.Kind == Add:
			return one(0, AddOperand, 8, true) + one(1, AddOperand, 8, true)
		case op.Kind == Heads:
			return one(0, AttentionOperand, 8, true)
		case op.Role == Dividend:
			return one(1, AttentionOperand, 8, true) // the operand is KᵀV
		case op.Role == Divisor:
			return one(1, AttentionOperand, 8, false) // the operand is ΣK
		case op.Kind == Divide:
			return one(0, AttentionOperand, 8, true) + one(1, DivisorOperand, 8, false)
		case op.Kind == Upsample:
			return one(0, ResizeInput, 8, true)
		case op.Kind == GlobalAvgPool:
			return one(0, PoolInput, 8, true)
		case op.Kind == LayerNorm:
			return one(0, NormInput, 16, true)
		}
		return ""
	}
	for _, name := range VariantNames() {
		net := describe(t, name)
		for i := range net.Ops {
			op := &net.Ops[i]
			got := ""
			for _, p := range op.Points {
				got += fmt.Sprint(p)
			}
			if want := table(op); got != want {
				t.Errorf("%s: %s %q has points %s, want %s", name, op.Kind, op.Name, got, want)
			}
		}
	}
}

// TestEveryKindIsCounted fails for a kind that MACs does not count and that is not in
// the list of kinds without MACs.
func TestEveryKindIsCounted(t *testing.T) {
	free := []Kind{Input, BatchNorm, LayerNorm, Hardswish, ReLU, Add, Concat, GlobalAvgPool, Upsample, Heads, MergeHeads, Divide, Scale, Shift}
	counted := map[Kind]bool{}
	for _, name := range []string{"b0-r224", "seg-b0-cityscapes"} {
		net := describe(t, name)
		for i := range net.Ops {
			if net.MACs(&net.Ops[i]) > 0 {
				counted[net.Ops[i].Kind] = true
			}
		}
	}
	for _, k := range Kinds() {
		if counted[k] == slices.Contains(free, k) {
			t.Errorf("%s: counted %t, free %t", k, counted[k], slices.Contains(free, k))
		}
	}
}

func TestKindsAndRolesHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Kinds() {
		if s := k.String(); s == "" || strings.HasPrefix(s, "Kind(") || seen[s] {
			t.Errorf("kind %d is called %q", k, s)
		}
		seen[k.String()] = true
	}
	for r := NoRole; r < roleEnd; r++ {
		if s := r.String(); s == "" || seen["role "+s] {
			t.Errorf("role %d is called %q", r, s)
		} else {
			seen["role "+s] = true
		}
	}
	for _, c := range PointClasses() {
		if c.String() == "" {
			t.Errorf("point class %d has no name", c)
		}
	}
}

// TestCountByRole: the counts of the roles add up to those of the network.
func TestCountByRole(t *testing.T) {
	for _, name := range VariantNames() {
		net := describe(t, name)
		var params, macs int64
		for _, c := range net.CountByRole() {
			params += c.Params
			macs += c.MACs
		}
		if params != net.ParamCount() || macs != net.TotalMACs() {
			t.Errorf("%s: roles have %d parameters and %d MACs of %d and %d", name, params, macs, net.ParamCount(), net.TotalMACs())
		}
		if s := net.String(); !strings.Contains(s, "PW2") || !strings.Contains(s, net.Name) {
			t.Errorf("%s is described as %q", name, s)
		}
	}
}

// TestPublishedCrops: the two sources differ for four of the ten published classifiers.
func TestPublishedCrops(t *testing.T) {
	published, differ := 0, 0
	for _, v := range Variants() {
		if v.Crop > 0 {
			published++
			for timm, want := range map[bool]float64{false: v.Crop, true: v.TimmCrop} {
				if ratio, at, err := PublishedCrop(v.Backbone, v.Height, timm); ratio != want || at != v.Height || err != nil {
					t.Errorf("%s, timm %v: %v at %d, %v, want %v", v.Name, timm, ratio, at, err, want)
				}
			}
		}
		if v.Crop != v.TimmCrop {
			differ++
		}
		if (v.Crop > 0) != (v.TimmCrop > 0) || v.Crop > 0 && v.Head != ClassifierHead {
			t.Errorf("%s has crop ratios of %v and %v", v.Name, v.Crop, v.TimmCrop)
		}
	}
	if published != 10 || differ != 4 {
		t.Errorf("%d are published, and the sources differ for %d", published, differ)
	}
}

// TestVariantsAreWhatTheirNamesSay: the name of a variant agrees with its fields.
func TestVariantsAreWhatTheirNamesSay(t *testing.T) {
	for _, v := range Variants() {
		want := fmt.Sprintf("efficientvit-%s-r%d", v.Backbone, v.Height)
		switch v.Head {
		case CityscapesHead:
			want = "efficientvit-seg-" + v.Backbone + "-cityscapes"
		case ADE20KHead:
			want = "efficientvit-seg-" + v.Backbone + "-ade20k"
		}
		if v.Width == 256 && v.Head == CityscapesHead { // the variant is the built-in model
			want = "efficientvit-seg-b0-scenes"
		}
		net, err := Describe(v.Name)
		if err != nil {
			t.Fatal(err)
		}
		in, out := net.Input().Shape, net.Output().Shape
		if v.Name != want || net.Name != want || in[0] != v.Height || in[1] != v.Width || out[len(out)-1] != v.Classes {
			t.Errorf("%+v describes %s with an input of %v and an output of %v, want %s", v, net.Name, in, out, want)
		}
		if short, err := VariantNamed(strings.TrimPrefix(v.Name, "efficientvit-")); short != v || err != nil {
			t.Errorf("%s without its beginning is %+v, %v", v.Name, short, err)
		}
	}
	for short, want := range map[string]string{"b1": "efficientvit-b1-r224", "efficientvit-b3": "efficientvit-b3-r224",
		"seg-b0": "efficientvit-seg-b0-cityscapes", "efficientvit-seg-b2": "efficientvit-seg-b2-cityscapes", "seg": "", "b": "", "": "", "efficientvit-": "", "b1-": ""} {
		if v, err := VariantNamed(short); v.Name != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, %v, want %q", short, v.Name, err, want)
		}
	}
	Variants()[0].Name = "spoiled"
	if VariantNames()[0] == "spoiled" {
		t.Error("a caller changes the variants")
	}
}

// TestBlocksWith: B0 has an MSA and an MBConv in each of the last blocks of two stages.
func TestBlocksWith(t *testing.T) {
	net, err := Describe("b0-r224")
	if err != nil {
		t.Fatal(err)
	}
	msa, mbconv := net.BlocksWith(Divisor), net.BlocksWith(DW)
	if len(msa) != 4 || msa[0] != "backbone.stages.2.op_list.1.context_module" || len(mbconv) != 10 || net.BlocksWith(HeadInput) != nil {
		t.Errorf("MSAs %q, MBConvs %q", msa, mbconv)
	}
}
