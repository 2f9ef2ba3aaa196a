// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"github.com/gotriovit/gotriovit/table"
	"github.com/gotriovit/gotriovit/triovit/builtin"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/hub"
	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// A Model is a network with its weights.
type Model struct {
	Net     *efficientvit.Network
	Weights weights.Set
	// Source is the origin of the weights, for people to read: the file or the name on the
	// hub, the chosen weights in it (see [Source.At]), others that fit, and the tensors
	// that were not used.
	Source string
	// Classes are the names of the network's classes, and Pipeline brings a picture to the
	// network's size. [Prepare] sets both. They are zero where they are not known.
	Classes  []string
	Pipeline preprocess.Pipeline
}

// Hash returns a digest of the description and of every weight.
func (m *Model) Hash() string {
	sum := sha256.Sum256([]byte(m.Net.Hash() + m.Weights.Hash()))
	return hex.EncodeToString(sum[:])
}

// A Source is an origin of weights: [File], [Hub], [BuiltIn] or [Tensors].
type Source struct {
	// open returns the checkpoint and its name. If ctx ends while open waits, it returns
	// ctx's error.
	open func(ctx context.Context) (*weights.File, string, error)
	key  string
	// variant is the name of the network, where the source knows it and the shapes of the
	// weights do not determine it.
	variant string
}

// At returns the source restricted to the weights under a key. A training file has several
// sets of weights: plain, averaged, and those of other networks. Without a key [Load]
// takes the set that timm's or MIT's own loader takes: the first that fits the network of
// "state_dict_ema", "model_ema", "state_dict", "model" and the file's top. Where none of
// these fits, it takes the only set that fits, and where several sets fit, its error lists
// them.
//
// A key consists of the keys that lead to the dict, and of the prefix of the tensors'
// names if they have one, joined by dots, as in [Model.Source]: "state_dict",
// "ema.0.9998", "state_dict.module"; "top" is the file's top. The beginning of a key is
// enough where no other key begins with it.
func (s Source) At(key string) Source {
	s.key = key
	return s
}

// named is the same source under another name.
func (s Source) named(name string) Source {
	open := s.open
	s.open = func(ctx context.Context) (*weights.File, string, error) {
		file, _, err := open(ctx)
		return file, name, err
	}
	return s
}

// File is a checkpoint on disk: a file of torch.save, or safetensors, with timm's names or
// the official ones. The content decides, not the extension.
func File(path string) Source {
	return Source{open: func(context.Context) (*weights.File, string, error) {
		if integer.IsArtefact(path) {
			return nil, "", fmt.Errorf("%s is an artefact of integers, not the weights of a network: triovit.Prepare and triovit.ReadFrozen open it", path)
		}
		file, err := weights.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: want a .pt or .safetensors file, or a name on the Hugging Face hub such as timm/efficientvit_b1.r224_in1k", err)
		}
		return file, filepath.Base(path), err
	}}
}

// Hub is a checkpoint on the Hugging Face hub, by a name that [hub.Parse] reads. It is
// downloaded once. [hub.FromEnvironment] decides the address and the cache's folder.
func Hub(name string) Source {
	return Source{open: func(ctx context.Context) (*weights.File, string, error) {
		ref, err := hub.Parse(name)
		if err != nil {
			return nil, "", err
		}
		client, err := hub.FromEnvironment()
		if err != nil {
			return nil, "", err
		}
		path, err := client.Fetch(ctx, ref)
		if err != nil {
			return nil, "", err
		}
		file, err := weights.Open(path)
		return file, ref.Repo + "/" + filepath.Base(path), err
	}}
}

// source returns the source of a user's name: the built-in model for an empty name, else a
// name on the hub or a path.
func source(name string) Source {
	switch {
	case name == "":
		return BuiltIn()
	case onHub(name):
		return Hub(name)
	}
	return File(home(name))
}

// onHub reports whether a name is one on the hub. A name that begins with hf:// or is an
// address is one; an existing path is not. Any other name that the hub allows is one,
// unless it begins with an existing folder, or has two parts and ends like a checkpoint.
func onHub(name string) bool {
	if hub.Certain(name) {
		return true
	}
	ref, err := hub.Parse(name)
	owner, repo := path.Split(ref.Repo)
	checkpoint := ref.File == "" && weights.IsCheckpointName(repo)
	return err == nil && !exists(name) && !isFolder(owner) && !checkpoint
}

// BuiltIn is the Seg-B0 that this project trained on scenes it draws itself
// (see package builtin); it needs no file and no network.
func BuiltIn() Source {
	return Source{variant: "efficientvit-" + builtin.Name, open: func(context.Context) (*weights.File, string, error) {
		data := builtin.Weights()
		set, err := weights.ReadSafetensors(bytes.NewReader(data), int64(len(data)))
		return weights.InMemory(set), "built-in: " + builtin.Name, err
	}}
}

// Tensors is a set of weights in memory.
func Tensors(set weights.Set, name string) Source {
	return Source{open: func(context.Context) (*weights.File, string, error) { return weights.InMemory(set), name, nil }}
}

// Load returns a variant with weights. The name is one that [efficientvit.Describe] knows;
// where it is empty the weights decide ([efficientvit.Identify]). Weights with timm's
// names get the official names, and timm's eps of the divisors, 1e-5. Prefixes of names
// and bookkeeping of a training are removed. Of several sets of weights in a file
// [Source.At] chooses. The error for weights that do not fit lists the missing, extra and
// misshapen ones. A download ends with ctx.
func Load(ctx context.Context, name string, source Source, options ...efficientvit.Option) (*Model, error) {
	model, _, err := load(ctx, name, source, options...)
	return model, err
}

// load returns the model and the chosen weights.
func load(ctx context.Context, name string, source Source, options ...efficientvit.Option) (*Model, *candidate, error) {
	file, from, err := source.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	c, others, err := choose(file.Dicts, source.key, cmp.Or(name, source.variant), options)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", from, err)
	}
	set, err := file.Read(c.dict, c.names)
	if err != nil {
		return nil, nil, err
	}
	return &Model{Net: c.net, Weights: set, Source: c.source(from, others)}, c, nil
}

// Open returns the model at a path or under a name on the Hugging Face hub, such as
// "timm/efficientvit_b1.r224_in1k" (see [hub.Parse]), or the built-in model for an empty
// name. The weights decide the variant. An existing path has precedence. A name that
// begins with hf:// or hf-hub:, or that is the address of the model's page, is always the
// hub's. A download ends with ctx.
func Open(ctx context.Context, name string, options ...efficientvit.Option) (*Model, error) {
	return Load(ctx, "", source(name), options...)
}

// Table is the network's ([efficientvit.Network.Table]), below the origin of the weights.
func (m *Model) Table() table.Table {
	t := m.Net.Table()
	t.Title = m.Source + "\n" + t.Title
	return t
}

// String is the text of the table, which ends with a line break.
func (m *Model) String() string { return m.Table().String() }
