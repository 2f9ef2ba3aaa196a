// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/builtin"
	"github.com/gotriovit/gotriovit/triovit/hub"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// A Model is a network with its weights.
type Model struct {
	Net     *Network
	Weights weights.Set
	// Source says where the weights came from, for people to read.
	Source string
}

// Hash returns a digest of the description and of every weight.
func (m *Model) Hash() string {
	sum := sha256.Sum256([]byte(m.Net.Hash() + m.Weights.Hash()))
	return hex.EncodeToString(sum[:])
}

// A Source is where weights come from: [File], [Hub], [BuiltIn] or [Tensors]. One
// that waits for others returns ctx's error when ctx ends.
type Source func(ctx context.Context) (set weights.Set, name string, err error)

// File is a checkpoint on disk: an official ".pt", or ".safetensors" with
// timm's names or the official ones. The content decides, not the extension.
func File(path string) Source {
	return func(context.Context) (weights.Set, string, error) {
		set, err := weights.Read(path)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: want a .pt or .safetensors file, or a name on the Hugging Face hub such as timm/efficientvit_b1.r224_in1k", err)
		}
		return set, filepath.Base(path), err
	}
}

// Hub is a checkpoint on the Hugging Face hub, by a name that [hub.Parse]
// reads. It is downloaded once; [hub.FromEnvironment] says from where and to
// where.
func Hub(name string) Source {
	return func(ctx context.Context) (weights.Set, string, error) {
		ref, err := hub.Parse(name)
		if err != nil {
			return nil, "", err
		}
		client, err := hub.FromEnvironment()
		if err != nil {
			return nil, "", err
		}
		file, err := client.Fetch(ctx, ref)
		if err != nil {
			return nil, "", err
		}
		set, err := weights.Read(file)
		return set, ref.Repo + "/" + filepath.Base(file), err
	}
}

// source tells what a user means: nothing is the built-in model, the rest a name
// on the hub or a path.
func source(name string) Source {
	switch {
	case name == "":
		return BuiltIn()
	case onHub(name):
		return Hub(name)
	}
	return File(home(name))
}

// onHub reports whether a user means a name on the hub: for certain where it begins
// with hf:// or is an address, and not where a path exists; what else can be such a
// name is one, unless it begins with a folder that exists or, of two parts, ends as a
// checkpoint does.
func onHub(name string) bool {
	if hub.Certain(name) {
		return true
	}
	ref, err := hub.Parse(name)
	owner, repo := path.Split(ref.Repo)
	checkpoint := ref.File == "" && slices.Contains([]string{".pt", ".pth", ".safetensors", ".bin"}, path.Ext(repo))
	return err == nil && !exists(name) && !isFolder(owner) && !checkpoint
}

// BuiltIn is the Seg-B0 that this project trained on scenes it draws itself
// (see package builtin); it needs no file and no network.
func BuiltIn() Source {
	return func(context.Context) (weights.Set, string, error) {
		data := builtin.Weights()
		set, err := weights.ReadSafetensors(bytes.NewReader(data), int64(len(data)))
		return set, "built-in: " + builtin.Name, err
	}
}

// Tensors is a set of weights in memory.
func Tensors(set weights.Set, name string) Source {
	return func(context.Context) (weights.Set, string, error) { return set, name, nil }
}

// Load returns a variant with weights. The name is one that [Describe] knows;
// where it is empty the weights decide ([Identify]). Weights with timm's names
// are given the official ones, and timm's eps of the divisors, 1e-5. The error
// for weights that do not fit lists what is missing, extra or misshapen. A download
// ends with ctx.
func Load(ctx context.Context, name string, source Source, options ...Option) (*Model, error) {
	set, from, err := source(ctx)
	if err != nil {
		return nil, err
	}
	timm := isTimm(set)
	if timm {
		set = officialNames(set)
		options = append([]Option{DivisorEps(1e-5)}, options...)
	}
	found, classes, err := Identify(set)
	switch {
	case err == nil && name == "":
		name = found
	case name == "":
		return nil, fmt.Errorf("%s: %w", from, err)
	}
	if classes > 0 {
		options = append([]Option{Classes(classes)}, options...)
	}
	net, err := Describe(name, options...)
	if err != nil {
		return nil, err
	}
	if err := set.Check(net.Params()); err != nil {
		hint := ""
		if found != "" && found != net.Name {
			hint = fmt.Sprintf(" (they look like %s)", found)
		}
		return nil, fmt.Errorf("%s: the weights do not fit %s%s: %w", from, net.Name, hint, err)
	}
	return &Model{Net: net, Weights: set, Source: from}, nil
}

// Open returns the model at a path or of a name on the Hugging Face hub, as in
// "timm/efficientvit_b1.r224_in1k" (see [hub.Parse]), or the built-in one where
// the name is empty; the weights tell which variant it is. A path that exists
// comes first; a name that begins with hf:// or hf-hub:, or that is the address of
// the model's page, is the hub's in any case. A download
// ends with ctx.
func Open(ctx context.Context, name string, options ...Option) (*Model, error) {
	return Load(ctx, "", source(name), options...)
}

// Identify returns the variant whose first and last layers the weights have,
// at its smallest resolution, and the number of classes.
func Identify(set weights.Set) (name string, classes int, err error) {
	stem, ok := set["backbone.input_stem.op_list.0.conv.weight"]
	if !ok || len(stem.Shape) == 0 {
		return "", 0, fmt.Errorf("no tensor backbone.input_stem.op_list.0.conv.weight: not the weights of an EfficientViT of the B series")
	}
	for b, spec := range backbones {
		if spec.widths[0] != stem.Shape[0] {
			continue
		}
		for _, head := range []struct{ last, variant string }{
			{"head.op_list.3.linear.weight", "efficientvit-" + b + "-r224"},
			{"head.output_ops.0.op_list.1.conv.weight", "efficientvit-seg-" + b + "-cityscapes"},
			{"head.output_ops.0.op_list.0.conv.weight", "efficientvit-seg-" + b + "-ade20k"},
		} {
			if last, ok := set[head.last]; ok && len(last.Shape) > 0 {
				if _, err := Describe(head.variant); err != nil {
					break
				}
				return head.variant, last.Shape[0], nil
			}
		}
	}
	return "", 0, fmt.Errorf("the weights have a stem of %d channels and no head that is known: have %s", stem.Shape[0], strings.Join(Variants(), ", "))
}
