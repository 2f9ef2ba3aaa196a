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

// A Header describes a tensor of a checkpoint that is not read yet.
type Header struct {
	// DType is the element type by its name in the safetensors format, or the
	// name of PyTorch's storage class where that format has none.
	DType string
	Shape []int
}

// Integers tells whether the elements are integers, as those of no parameter are.
func (h Header) Integers() bool {
	e, ok := elementOf(h.DType)
	return ok && e.decode == nil
}

// A Dict is a dict of tensors in a checkpoint: a state dict, what an optimizer
// remembers of a parameter, or anything else.
type Dict struct {
	// Key says where in the file the dict lies: the keys that lead to it, joined
	// by dots, as in "state_dict" or "ema.0.9998". It is empty at the top.
	Key string
	// Loader says that a loader of timm or of MIT looks there.
	Loader bool
	// Tensors are the dict's by name. What else is in the dict is left out.
	Tensors map[string]Header

	rank   int            // place in the order of the dicts of a file
	values map[string]any // what a pickle has under names, the tensors among them
}

// loaderKeys are where the loaders look for the weights of a training file, in
// the order in which they prefer them. timm takes averaged weights before plain
// ones (timm/models/_helpers.py, load_state_dict). MIT takes "state_dict"
// (efficientvit/models/utils/network.py, load_state_dict_from_file) and writes
// averaged weights elsewhere. Both take the file's dict itself where none of
// the keys is there.
var loaderKeys = []string{"state_dict_ema", "model_ema", "state_dict", "model"}

// What the search for dicts takes in memory, about, in bytes.
const (
	nodeBytes   = 224 // for a dict, list or tuple
	nameBytes   = 64  // for an item under a name
	tensorBytes = 192 // for a tensor
)

// maxDepth bounds the dicts, lists and tuples around a dict of tensors.
const maxDepth = 8

// A node is a dict, list or tuple of a pickled value, and how it was reached.
type node struct {
	value  any
	key    any // in the parent
	parent *node
	depth  int
}

// A search goes through a pickled value, breadth first.
type search struct {
	queue  []*node
	seen   map[any]bool // by identity: a value may be reached twice, also from within itself
	dicts  []Dict
	budget *budget
}

// findDicts returns the dicts of a pickled value that hold tensors, those first
// that loaders prefer, then the others in the order of the file.
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

// add queues a value, unless it holds nothing or was queued before.
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

// visit lists a dict with tensors, and queues what the node holds.
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

// identity returns what tells a dict, list or tuple from others, nil for other
// values and for empty tuples.
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

// unranked is the rank of a dict where no loader looks.
var unranked = len(loaderKeys) + 1

// rank is the node's place in the order in which loaders prefer dicts.
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

// path joins the keys that lead to the node.
func (n *node) path() string {
	var keys []string
	for ; n.parent != nil; n = n.parent {
		keys = append(keys, keyText(n.key))
	}
	slices.Reverse(keys)
	return strings.Join(keys, ".")
}

// keyText is a dict's key as Python prints it, or its type where that is long.
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

// outline says in a few words what a pickled value holds, for errors.
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

// only returns the dict that is read where nobody chooses: that which loaders
// prefer, or the only one.
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
