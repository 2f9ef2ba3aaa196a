// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/gotriovit/gotriovit/triovit/efficientvit"
	"github.com/gotriovit/gotriovit/triovit/weights"
)

// A candidate is the set of weights of one network in a checkpoint: the tensors of one
// dict whose names share a prefix, with the first convolution of an EfficientViT among
// them. A training file has several dicts of tensors, and a dict may hold several networks
// under different prefixes.
type candidate struct {
	key     string // the user's name for the candidate: the dict's key and the prefix
	dict    int    // index of the dict in the file
	loader  bool   // timm's or MIT's loader looks at the dict
	prefix  string // empty, or ending with a dot
	wrapped bool   // the prefix consists of wrappers, or is empty
	timm    bool   // the names are timm's

	// fit sets the following fields.

	variant string                // the variant's name, such as "efficientvit-b0-r224"
	options []efficientvit.Option // the options with which the variant is described
	net     *efficientvit.Network
	names   map[string]string // the official names of the tensors, by their names in the dict
	left    []string          // the tensors of the dict that are not used
	err     error             // the reason why the weights do not fit
}

// topKey is the user's name for weights at the top of a file.
const topKey = "top"

// stems are the names of the first convolution's weights, official and timm's, split at
// the dots.
var stems = [][]string{strings.Split(efficientvit.OfficialStem, "."), strings.Split(efficientvit.TimmStem, ".")}

// wrappers are the names under which PyTorch stores a module inside a wrapping module:
// DataParallel and its distributed variant, torch.compile, FSDP, activation checkpoints.
var wrappers = []string{"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}

func isWrapper(part string) bool { return slices.Contains(wrappers, part) }

// bookkeeping lists the endings of names of floats that inference does not need: the
// counts by thop in each module, and the counts by averaging.
var bookkeeping = []string{"total_ops", "total_params", "n_averaged", "num_updates"}

// Bounds on the names of networks in a file.
const (
	maxStem       = 512 // largest size of a first convolution's name in bytes
	maxCandidates = 64
)

// candidates returns the networks of a file in the order of its dicts.
func candidates(dicts []weights.Dict) ([]*candidate, error) {
	var all []*candidate
	for i, d := range dicts {
		seen := map[string]bool{}
		for _, name := range slices.Sorted(maps.Keys(d.Tensors)) {
			parts, timm, ok := divideStem(name)
			prefix := strings.Join(parts, ".")
			if !ok || seen[prefix] {
				continue
			}
			seen[prefix] = true
			key := cmp.Or(strings.Join(slices.DeleteFunc([]string{d.Key, prefix}, func(s string) bool { return s == "" }), "."), topKey)
			if prefix != "" {
				prefix += "."
			}
			wrapped := !slices.ContainsFunc(parts, func(part string) bool { return !isWrapper(part) })
			all = append(all, &candidate{key: key, dict: i, loader: d.Loader, prefix: prefix, wrapped: wrapped, timm: timm})
			if len(all) > maxCandidates {
				return nil, fmt.Errorf("it has over %d networks, such as %s", maxCandidates, keysOf(all))
			}
		}
	}
	return all, nil
}

// divideStem reports whether a name is that of a first convolution's weights and whether
// it is timm's, and returns the parts of the name before it. Wrappers may stand between
// the parts of the first convolution's name.
func divideStem(name string) (prefix []string, timm, ok bool) {
	if len(name) > maxStem || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return nil, false, false
	}
	parts := strings.Split(name, ".")
	for i, stem := range stems {
		p, s := len(parts), len(stem)
		for p > 0 && s > 0 && (parts[p-1] == stem[s-1] || s < len(stem) && isWrapper(parts[p-1])) {
			if p--; parts[p] == stem[s-1] {
				s--
			}
		}
		if s == 0 {
			return parts[:p], i == 1, true
		}
	}
	return nil, false, false
}

// fit gives the weights their official names and compares them with the variant, or with
// the variant of matching shapes where the name is empty.
func (c *candidate) fit(dict weights.Dict, all []*candidate, variant string, options []efficientvit.Option) error {
	c.names = map[string]string{}
	shapes := map[string][]int{}
	for _, name := range slices.Sorted(maps.Keys(dict.Tensors)) {
		switch owner := c.owner(name, all); {
		case owner == nil:
			c.left = append(c.left, name)
		case owner == c:
			official := c.officialName(name)
			if _, twice := shapes[official]; twice {
				return fmt.Errorf("two tensors are called %s", weights.Printable(official))
			}
			c.names[name], shapes[official] = official, dict.Tensors[name].Shape
		}
	}
	found, classes, err := efficientvit.Identify(shapes)
	if variant == "" && err != nil {
		return err
	}
	if c.timm {
		c.options = append(c.options, efficientvit.DivisorEps(1e-5))
	}
	if classes > 0 {
		c.options = append(c.options, efficientvit.Classes(classes))
	}
	c.options = append(c.options, options...)
	c.variant = cmp.Or(variant, found.Name)
	if c.net, err = efficientvit.Describe(c.variant, c.options...); err != nil {
		return err
	}
	want := c.net.Params()
	for name, official := range c.names {
		last := official[strings.LastIndex(official, ".")+1:]
		counts := last == "num_batches_tracked"
		if _, wanted := want[official]; wanted || !counts && !dict.Tensors[name].Integers() && !slices.Contains(bookkeeping, last) {
			continue
		}
		if !counts { // every BatchNorm has such a count
			c.left = append(c.left, last)
		}
		delete(c.names, name)
		delete(shapes, official)
	}
	if err := weights.CheckShapes(shapes, want); err != nil {
		hint := ""
		if found.Name != "" && found.Name != c.net.Name {
			hint = fmt.Sprintf(" (they look like %s)", found.Name)
		}
		return fmt.Errorf("the weights do not fit %s%s: %w", c.net.Name, hint, err)
	}
	return nil
}

// owner returns the candidate of the same dict to which a tensor belongs: the one with the
// longest prefix of its name.
func (c *candidate) owner(name string, all []*candidate) *candidate {
	var owner *candidate
	for _, o := range all {
		if o.dict == c.dict && strings.HasPrefix(name, o.prefix) && (owner == nil || len(o.prefix) > len(owner.prefix)) {
			owner = o
		}
	}
	return owner
}

// officialName returns the official name of one of the candidate's tensors.
func (c *candidate) officialName(name string) string {
	name = strings.Join(slices.DeleteFunc(strings.Split(name[len(c.prefix):], "."), isWrapper), ".")
	if c.timm {
		return efficientvit.OfficialName(name)
	}
	return name
}

// choose returns one of a file's weights that fit. With a key it takes the weights under
// that key. Without one it takes the weights that timm's or MIT's loader takes, or else
// the only ones that fit. It also returns the others that fit.
func choose(dicts []weights.Dict, key, variant string, options []efficientvit.Option) (chosen *candidate, others []*candidate, err error) {
	all, err := candidates(dicts)
	if err != nil {
		return nil, nil, err
	}
	if len(all) == 0 {
		return nil, nil, noNetwork(dicts)
	}
	var fitting []*candidate
	for _, c := range all {
		if c.err = c.fit(dicts[c.dict], all, variant, options); c.err == nil {
			fitting = append(fitting, c)
		}
	}
	switch {
	case key != "":
		chosen, err = called(key, all)
	case len(fitting) == 0:
		chosen = all[0]
	default:
		chosen, err = preferred(fitting)
	}
	if err == nil && chosen.err != nil {
		err = chosen.err
		if chosen.key != topKey {
			err = fmt.Errorf("weights %s: %w", chosen.key, err)
		}
	}
	return chosen, slices.DeleteFunc(fitting, func(c *candidate) bool { return c == chosen }), err
}

// called returns the weights under a key, or under the only key that begins with it.
func called(key string, all []*candidate) (*candidate, error) {
	for _, match := range []func(*candidate) bool{
		func(c *candidate) bool { return c.key == key },
		func(c *candidate) bool { return strings.HasPrefix(c.key, key+".") },
	} {
		if i := slices.IndexFunc(all, match); i >= 0 && !slices.ContainsFunc(all[i+1:], match) {
			return all[i], nil
		}
	}
	return nil, fmt.Errorf("no weights are called %q: the file has %s", key, keysOf(all))
}

// preferred returns, of several candidates that fit, the one that a loader takes, or the
// only one.
func preferred(fitting []*candidate) (*candidate, error) {
	first := fitting[0]
	same := slices.DeleteFunc(slices.Clone(fitting), func(c *candidate) bool { return first.loader && c.dict != first.dict })
	if len(same) > 1 && first.loader { // the loaders remove wrappers only
		same = slices.DeleteFunc(same, func(c *candidate) bool { return !c.wrapped })
	}
	if len(same) != 1 {
		return nil, fmt.Errorf("it has the weights of several networks that fit: choose %s by TRIOVIT_WEIGHTS or -weights", keysOf(fitting))
	}
	return same[0], nil
}

// noNetwork returns the error for a file without an EfficientViT: it describes the file's
// largest dict.
func noNetwork(dicts []weights.Dict) error {
	d := slices.MaxFunc(dicts, func(x, y weights.Dict) int { return cmp.Compare(len(x.Tensors), len(y.Tensors)) })
	has := "no tensor at all"
	if len(d.Tensors) > 0 {
		has = fmt.Sprintf("%d tensors, such as %s", len(d.Tensors), weights.Printable(slices.Sorted(maps.Keys(d.Tensors))[0]))
	}
	if d.Key != "" {
		has += ", under " + d.Key
	}
	return fmt.Errorf("no tensor %s or %s: not the weights of an EfficientViT of the B series, but %s", efficientvit.OfficialStem, efficientvit.TimmStem, has)
}

// keysOf lists the candidates' keys.
func keysOf(all []*candidate) string {
	const most = 8
	var keys []string
	for _, c := range all[:min(most, len(all))] {
		keys = append(keys, c.key)
	}
	if more := len(all) - most; more > 0 {
		keys = append(keys, fmt.Sprintf("%d more", more))
	}
	return strings.Join(keys, ", ")
}

// source describes the origin of the weights: the file, the chosen weights in it, others
// that would fit, and the tensors that are not used.
func (c *candidate) source(file string, others []*candidate) string {
	text := file
	if c.key != topKey || len(others) > 0 {
		text += ", weights " + c.key
	}
	if len(others) > 0 {
		text += " (also there: " + keysOf(others) + ")"
	}
	if len(c.left) > 0 {
		names := slices.Compact(slices.Sorted(slices.Values(c.left)))
		const most = 3
		for i, name := range names[:min(most, len(names))] {
			names[i] = weights.Printable(name)
		}
		if more := len(names) - most; more > 0 {
			names = append(names[:most], fmt.Sprintf("%d more", more))
		}
		tensors := "tensors"
		if len(c.left) == 1 {
			tensors = "tensor"
		}
		text += fmt.Sprintf(", %d other %s left out (%s)", len(c.left), tensors, strings.Join(names, ", "))
	}
	return text
}
