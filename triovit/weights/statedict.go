// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A Header describes a tensor of a checkpoint whose values are not read yet.
type Header struct {
	// DType is the element type's name in the safetensors format. If that format does
	// not have the type, DType is the name of PyTorch's storage class.
	DType string
	Shape []int
}

// Integers tells whether the elements are integers. No parameter has such elements.
func (h Header) Integers() bool {
	e, ok := elementOf(h.DType)
	return ok && e.decode == nil
}

// A Dict is a dict of tensors in a checkpoint: a state dict, an optimizer's state for
// one parameter, or any other.
type Dict struct {
	// Key says where in the file the dict lies. It holds the keys that lead to the
	// dict, joined by dots, as in "state_dict" or "ema.0.9998". It is empty for the
	// value of the file itself.
	Key string
	// Loader is true if a loader of timm or of MIT looks for weights there.
	Loader bool
	// Tensors holds the dict's tensors by name. Other items of the dict are left out.
	Tensors map[string]Header

	rank   int            // position of the dict in the order of File.Dicts
	values map[string]any // all items of a pickle's dict with names, including the tensors
}

// loaderKeys are the keys under which the loaders look for the weights of a training
// file, in order of preference. timm prefers averaged weights to plain ones
// (timm/models/_helpers.py, load_state_dict). MIT takes "state_dict"
// (efficientvit/models/utils/network.py, load_state_dict_from_file) and stores averaged
// weights elsewhere. Both take the file's top dict itself if it has none of the keys.
var loaderKeys = []string{"state_dict_ema", "model_ema", "state_dict", "model"}

// Approximate memory that the search for dicts takes, in bytes.
const (
	nodeBytes   = 224 // bytes counted for a dict, list or tuple
	nameBytes   = 64  // bytes counted for an item under a name
	tensorBytes = 192 // bytes counted for a tensor
)

// maxDepth is the largest number of dicts, lists and tuples around a dict of tensors.
const maxDepth = 8

// A node is a dict, list or tuple of a pickled value, with the path that led to it.
type node struct {
	value  any
	key    any // key or index in the parent
	parent *node
	depth  int
}

// A search visits the dicts, lists and tuples of a pickled value, breadth first.
type search struct {
	queue  []*node
	seen   map[any]bool // values seen, by identity, because a value may contain another twice, or itself
	dicts  []Dict
	budget *budget
}

// findDicts returns the dicts of a pickled value that hold tensors. The dicts that
// loaders prefer come first, then the others in the order of the file.
func findDicts(root any, b *budget) ([]Dict, error) {
	s := &search{seen: map[any]bool{}, budget: b}
	err := s.add(nil, nil, root)
	for err == nil && len(s.queue) > 0 {
		n := s.queue[0]
		s.queue = s.queue[1:]
		err = s.visit(n)
	}
	if err != nil {
		return nil, err
	}
	if len(s.dicts) == 0 {
		return nil, fmt.Errorf("no dict of tensors is in it: it holds %s", outline(root))
	}
	slices.SortStableFunc(s.dicts, func(x, y Dict) int { return cmp.Compare(x.rank, y.rank) })
	return s.dicts, nil
}

// add queues a dict, list or tuple, unless it is an empty tuple or was queued before.
func (s *search) add(parent *node, key, value any) error {
	id := identity(value)
	if id == nil || s.seen[id] {
		return nil
	}
	s.seen[id] = true
	n := &node{value: value, key: key, parent: parent}
	if parent != nil {
		n.depth = parent.depth + 1
	}
	if n.depth <= maxDepth {
		s.queue = append(s.queue, n)
	}
	return s.budget.take(nodeBytes)
}

// visit adds a dict with tensors to the result, and queues the values in the node.
func (s *search) visit(n *node) error {
	switch v := n.value.(type) {
	case *dict:
		return s.visitDict(n, v)
	case *list:
		return s.addAll(n, v.items)
	case tuple:
		return s.addAll(n, v)
	}
	return nil
}

func (s *search) addAll(n *node, values []any) error {
	for i, value := range values {
		if err := s.add(n, int64(i), value); err != nil {
			return err
		}
	}
	return nil
}

func (s *search) visitDict(n *node, d *dict) error {
	if len(d.items) == 0 {
		return nil
	}
	if err := s.budget.take(nameBytes * len(d.items)); err != nil {
		return err
	}
	values := make(map[string]any, len(d.items))
	for _, item := range d.items {
		if name, ok := item.key.(string); ok {
			values[name] = item.value
		}
	}
	var tensors map[string]Header
	for name, value := range values {
		if v, ok := value.(view); ok {
			if tensors == nil {
				tensors = map[string]Header{}
			}
			if err := s.budget.take(tensorBytes); err != nil {
				return err
			}
			tensors[name] = Header{v.storage.dtype, v.shape}
		}
	}
	if len(tensors) > 0 {
		rank := n.rank()
		s.dicts = append(s.dicts, Dict{Key: n.path(), Loader: rank < unranked, Tensors: tensors, rank: rank, values: values})
	}
	for _, item := range d.items {
		value := item.value
		if name, ok := item.key.(string); ok {
			value = values[name]
		}
		if err := s.add(n, item.key, value); err != nil {
			return err
		}
	}
	return nil
}

// identity returns a key that tells a dict, list or tuple from all others. It returns
// nil for other values and for empty tuples.
func identity(value any) any {
	switch v := value.(type) {
	case *dict, *list:
		return v
	case tuple:
		if len(v) > 0 {
			return &v[0]
		}
	}
	return nil
}

// unranked is the rank of a dict at a place where no loader looks.
var unranked = len(loaderKeys) + 1

// rank returns the position of the node's dict in the order of the loaders' preference.
func (n *node) rank() int {
	if n.parent == nil {
		return len(loaderKeys)
	}
	if _, inDict := n.parent.value.(*dict); inDict && n.depth == 1 {
		if i := slices.IndexFunc(loaderKeys, func(key string) bool { return n.key == any(key) }); i >= 0 {
			return i
		}
	}
	return unranked
}

// path returns the keys that lead to the node, joined by dots.
func (n *node) path() string {
	var keys []string
	for ; n.parent != nil; n = n.parent {
		keys = append(keys, keyText(n.key))
	}
	slices.Reverse(keys)
	return strings.Join(keys, ".")
}

// keyText returns a dict's key as Python prints it, or the name of its type for any key
// that is no string, number or bool.
func keyText(key any) string {
	switch key := key.(type) {
	case string:
		return Printable(key)
	case int64:
		return strconv.FormatInt(key, 10)
	case float64:
		return strconv.FormatFloat(key, 'g', -1, 64)
	case bool:
		if key {
			return "True"
		}
		return "False"
	}
	return kind(key)
}

// outline returns a few words about the content of a pickled value, for errors.
func outline(value any) string {
	d, ok := value.(*dict)
	if !ok || d.class != "" && len(d.items) == 0 {
		text := kind(value)
		if ok {
			text += ", which nothing here calls; of a whole model save model.state_dict() instead"
		}
		return text
	}
	if len(d.items) == 0 {
		return "an empty dict"
	}
	var parts []string
	for _, item := range d.items[:min(maxListed, len(d.items))] {
		parts = append(parts, fmt.Sprintf("%s under %s", kind(item.value), keyText(item.key)))
	}
	if more := len(d.items) - maxListed; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	return strings.Join(parts, ", ")
}

// only returns the index of the dict that is read if the caller chooses none: the dict
// that the loaders prefer, or the only one. Any other list is an error.
func only(dicts []Dict) (int, error) {
	if len(dicts) == 1 || len(dicts) > 0 && dicts[0].Loader {
		return 0, nil
	}
	if len(dicts) == 0 {
		return 0, errors.New("no tensor is in it")
	}
	var keys []string
	for _, d := range dicts[:min(maxListed, len(dicts))] {
		keys = append(keys, d.Key)
	}
	return 0, fmt.Errorf("%d dicts of tensors are in it, such as %s, and no loader's key (%s) is", len(dicts), strings.Join(keys, ", "), strings.Join(loaderKeys, ", "))
}
