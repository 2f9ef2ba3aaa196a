// SPDX-License-Identifier: Apache-2.0

package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/gotriovit/gotriovit/internal/safetensors"
)

// A pickle is a program for a stack machine. The machine here knows the opcodes with
// which Python's pickle module, protocols 2 to 5, writes values. It only builds the
// values below. A checkpoint may hold objects of any class beside its tensors. The
// machine keeps only the name of a class or function that a state dict does not need.
// An object made by such a class or function is an empty dict that stores the name.
// Nothing is looked up, imported or called. Python's pickletools module documents the
// opcodes.

const (
	opMark         = '('
	opStop         = '.'
	opPop          = '0'
	opPopMark      = '1'
	opNone         = 'N'
	opTrue         = 0x88
	opFalse        = 0x89
	opInt4         = 'J'
	opUint1        = 'K'
	opUint2        = 'M'
	opLong1        = 0x8a
	opLong4        = 0x8b
	opFloat        = 'G'
	opUnicode      = 'X'
	opShortUnicode = 0x8c
	opUnicode8     = 0x8d
	opString       = 'T' // a str of Python 2
	opShortString  = 'U'
	opBytes        = 'B'
	opShortBytes   = 'C'
	opBytes8       = 0x8e
	opByteArray8   = 0x96
	opEmptyTuple   = ')'
	opTuple        = 't'
	opTuple1       = 0x85
	opTuple2       = 0x86
	opTuple3       = 0x87
	opEmptyList    = ']'
	opAppend       = 'a'
	opAppends      = 'e'
	opEmptyDict    = '}'
	opSetItem      = 's'
	opSetItems     = 'u'
	opEmptySet     = 0x8f
	opAddItems     = 0x90
	opFrozenSet    = 0x91
	opGet1         = 'h'
	opGet4         = 'j'
	opPut1         = 'q'
	opPut4         = 'r'
	opMemoize      = 0x94
	opGlobal       = 'c'
	opStackGlobal  = 0x93
	opReduce       = 'R'
	opNewObject    = 0x81
	opNewObjectEx  = 0x92
	opBuild        = 'b'
	opPersistentID = 'Q'
	opProtocol     = 0x80
	opFrame        = 0x95
)

// opcodeCharge is the number of bytes that each opcode takes from the budget. No opcode
// allocates more, except for strings, which are charged by their length.
const opcodeCharge = 160

// The functions that make a state dict. [machine.call] knows their results.
const (
	rebuildTensor             = global("torch._utils._rebuild_tensor_v2")
	rebuildParameter          = global("torch._utils._rebuild_parameter")
	rebuildParameterWithState = global("torch._utils._rebuild_parameter_with_state")
	orderedDict               = global("collections.OrderedDict")
)

// The classes of values of which only the class is kept.
const (
	bytesClass   = global("bytes")
	longIntClass = global("int of over 8 bytes")
)

// The types of values on the machine's stack, besides nil (None), bool, int64, float64
// and string.
type (
	tuple  []any
	list   struct{ items []any } // a list or a set
	global string                // "module.name"

	// dict is a dict, an OrderedDict, or an object of any other class. Such an object
	// is empty unless the pickle sets items of it.
	dict struct {
		class global // name of the class, empty for dict and OrderedDict
		items []item // the items in the order in which they were set; of equal keys the last counts
	}
	item struct{ key, value any }

	// storage names a sequence of raw bytes in the file.
	storage struct {
		key   string
		dtype string // a name of elementOf, or the name of another storage class
		numel int    // number of elements that the pickle claims
	}

	// view is a tensor as the pickle describes it, before it is checked: a shape and a
	// stride over a storage. The offset and the strides are in elements.
	view struct {
		storage       storage
		offset        int
		shape, stride []int
	}
)

// storageDType returns the element type of a storage class by its name as in elementOf.
// For an unknown class it returns the class's name.
func storageDType(g global) string {
	switch g {
	case "torch.FloatStorage":
		return "F32"
	case "torch.HalfStorage":
		return "F16"
	case "torch.BFloat16Storage":
		return "BF16"
	case "torch.DoubleStorage":
		return "F64"
	case "torch.LongStorage":
		return "I64"
	case "torch.IntStorage":
		return "I32"
	case "torch.ShortStorage":
		return "I16"
	case "torch.CharStorage":
		return "I8"
	case "torch.ByteStorage", "torch.UntypedStorage", "torch.storage.UntypedStorage":
		return "U8"
	case "torch.BoolStorage":
		return "BOOL"
	}
	return string(g)
}

// machine interprets one pickle. After the first failure, err is set and every method
// returns zero values, so that the opcodes need no checks of their own.
type machine struct {
	code     []byte
	pos      int
	stack    []any
	marks    []int // heights of the stack at the open marks
	memo     map[uint32]any
	storages map[string]storage // the storages, by key
	budget   *budget
	err      error
}

// unpickle interprets a pickle and returns its value.
func unpickle(code []byte, b *budget) (any, error) {
	return newMachine(code, b).run()
}

func newMachine(code []byte, b *budget) *machine {
	return &machine{code: code, storages: map[string]storage{}, budget: b}
}

// run interprets the pickle at the machine's position and returns its value. It leaves
// the position at the byte after the pickle, where a further pickle may begin.
func (m *machine) run() (any, error) {
	m.stack, m.marks, m.memo = nil, nil, map[uint32]any{}
	for {
		at := m.pos
		m.charge(opcodeCharge)
		op := byte(m.uint(1))
		var value any
		if op == opStop {
			value = m.pop()
		} else {
			m.step(op)
		}
		if m.err != nil {
			return nil, fmt.Errorf("pickle, byte %d: %w", at, m.err)
		}
		if op == opStop {
			return value, nil
		}
	}
}

func (m *machine) step(op byte) {
	switch op {
	case opProtocol:
		if p := m.uint(1); p > 5 {
			m.fail("protocol %d, want at most 5", p)
		}
	case opFrame:
		m.take(8) // the bytes are the frame's length, a hint for buffering

	case opPop:
		m.pop()
	case opPopMark:
		m.popMark()

	case opNone:
		m.push(nil)
	case opTrue, opFalse:
		m.push(op == opTrue)
	case opInt4:
		m.push(int64(int32(m.uint(4))))
	case opUint1:
		m.push(int64(m.uint(1)))
	case opUint2:
		m.push(int64(m.uint(2)))
	case opLong1:
		m.push(m.long(m.uint(1)))
	case opLong4:
		m.push(m.long(m.uint(4)))
	case opFloat:
		if b := m.take(8); b != nil {
			m.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
		}
	case opUnicode, opString:
		m.push(m.text(m.uint(4)))
	case opShortUnicode, opShortString:
		m.push(m.text(m.uint(1)))
	case opUnicode8:
		m.push(m.text(m.uint(8)))
	case opBytes:
		m.skip(m.uint(4))
	case opShortBytes:
		m.skip(m.uint(1))
	case opBytes8, opByteArray8:
		m.skip(m.uint(8))

	case opMark:
		m.marks = append(m.marks, len(m.stack))
	case opEmptyTuple:
		m.push(tuple(nil))
	case opTuple:
		m.push(tuple(m.popMark()))
	case opTuple1, opTuple2, opTuple3:
		m.push(tuple(m.popN(int(op-opTuple1) + 1)))
	case opEmptyList, opEmptySet:
		m.push(&list{})
	case opFrozenSet:
		m.push(&list{m.popMark()})
	case opAppend:
		m.extend(m.popN(1))
	case opAppends, opAddItems:
		m.extend(m.popMark())
	case opEmptyDict:
		m.push(&dict{})
	case opSetItem:
		m.update(m.popN(2))
	case opSetItems:
		m.update(m.popMark())

	case opGet1:
		m.get(uint32(m.uint(1)))
	case opGet4:
		m.get(uint32(m.uint(4)))
	case opPut1:
		m.memo[uint32(m.uint(1))] = m.top()
	case opPut4:
		m.memo[uint32(m.uint(4))] = m.top()
	case opMemoize:
		m.memo[uint32(len(m.memo))] = m.top()

	case opGlobal:
		module, name := m.line(), m.line()
		m.push(global(module + "." + name))
	case opStackGlobal:
		pair := m.popN(2)
		if m.err != nil {
			return
		}
		module, okModule := pair[0].(string)
		name, okName := pair[1].(string)
		if !okModule || !okName {
			m.fail("a global named by %s and %s, want str and str", kind(pair[0]), kind(pair[1]))
		}
		m.push(global(module + "." + name))
	case opReduce:
		args := m.pop()
		m.call(m.pop(), args)
	case opNewObject:
		m.pop() // the arguments are dropped
		m.object(m.pop())
	case opNewObjectEx:
		m.popN(2) // positional and keyword arguments are dropped
		m.object(m.pop())
	case opBuild:
		// The value is an object's attributes, such as the "_metadata" of a state dict,
		// which holds the versions of modules. It is not kept.
		m.pop()
		if _, ok := m.top().(*dict); !ok {
			m.fail("attributes of %s, want of dict", kind(m.top()))
		}
	case opPersistentID:
		m.storage(m.pop())

	default:
		m.fail("opcode 0x%02x (%q) has no place in a state dict", op, op)
	}
}

func (m *machine) fail(format string, args ...any) {
	if m.err == nil {
		m.err = fmt.Errorf(format, args...)
	}
}

func (m *machine) charge(bytes int) {
	if err := m.budget.take(bytes); err != nil && m.err == nil {
		m.err = err
	}
}

// take consumes n bytes of code and returns them. It returns nil on failure.
func (m *machine) take(n uint64) []byte {
	if m.err == nil && n > uint64(len(m.code)-m.pos) {
		m.fail("ends early: %d bytes are left, want %d", len(m.code)-m.pos, n)
	}
	if m.err != nil {
		return nil
	}
	b := m.code[m.pos : m.pos+int(n)]
	m.pos += int(n)
	return b
}

// uint consumes a little-endian unsigned number of n <= 8 bytes.
func (m *machine) uint(n uint64) (v uint64) {
	for i, b := range m.take(n) {
		v |= uint64(b) << (8 * i)
	}
	return v
}

// long consumes a two's complement number of n bytes. It returns an int64, or an object
// of longIntClass for a number of more than 8 bytes.
func (m *machine) long(n uint64) any {
	if n > 8 {
		m.take(n)
		return &dict{class: longIntClass}
	}
	if m.err != nil || n == 0 {
		return int64(0)
	}
	unused := 64 - 8*n
	return int64(m.uint(n)<<unused) >> unused
}

// skip consumes n bytes without keeping them. It pushes an empty object of bytesClass.
func (m *machine) skip(n uint64) {
	m.take(n)
	m.push(&dict{class: bytesClass})
}

// text consumes a string of n bytes and returns it.
func (m *machine) text(n uint64) string {
	b := m.take(n)
	m.charge(len(b))
	return string(b)
}

// line consumes a string up to a line feed and returns it.
func (m *machine) line() string {
	n := bytes.IndexByte(m.code[m.pos:], '\n')
	if n < 0 {
		m.fail("ends early: a line has no end")
		return ""
	}
	s := m.text(uint64(n))
	m.take(1)
	return s
}

func (m *machine) push(v any) { m.stack = append(m.stack, v) }

// depth returns the number of values above the last mark. Opcodes may not take values
// below that mark.
func (m *machine) depth() int {
	if len(m.marks) == 0 {
		return len(m.stack)
	}
	return len(m.stack) - m.marks[len(m.marks)-1]
}

// popN removes n values and returns a copy of them. It returns nil on failure.
func (m *machine) popN(n int) []any {
	if m.depth() < n {
		m.fail("the stack holds %d values, want %d", m.depth(), n)
	}
	if m.err != nil {
		return nil
	}
	base := len(m.stack) - n
	values := append([]any(nil), m.stack[base:]...)
	clear(m.stack[base:]) // removed values can be freed
	m.stack = m.stack[:base]
	return values
}

// popMark removes the last mark and the values above it, and returns the values.
func (m *machine) popMark() []any {
	if len(m.marks) == 0 {
		m.fail("no mark on the stack")
		return nil
	}
	values := m.popN(m.depth())
	m.marks = m.marks[:len(m.marks)-1]
	return values
}

func (m *machine) pop() any {
	if v := m.popN(1); v != nil {
		return v[0]
	}
	return nil
}

func (m *machine) top() any {
	if m.depth() == 0 {
		m.fail("the stack is empty")
		return nil
	}
	return m.stack[len(m.stack)-1]
}

func (m *machine) get(key uint32) {
	v, ok := m.memo[key]
	if !ok {
		m.fail("memo %d was never set", key)
	}
	m.push(v)
}

func (m *machine) extend(items []any) {
	switch top := m.top().(type) {
	case *list:
		top.items = append(top.items, items...)
	case *dict:
		if top.class != "" { // the object's class extends list
			return
		}
		m.fail("items for %s, want for list", kind(top))
	default:
		m.fail("items for %s, want for list", kind(top))
	}
}

// update adds items to the dict on the stack. The pairs are keys and values in turn.
func (m *machine) update(pairs []any) {
	d, ok := m.top().(*dict)
	if !ok || len(pairs)%2 != 0 {
		m.fail("%d keys and values for %s, want pairs for dict", len(pairs), kind(m.top()))
		return
	}
	for i := 0; i < len(pairs); i += 2 {
		if unhashable(pairs[i]) {
			m.fail("a dict's key is %s, which has no hash", kind(pairs[i]))
		}
		d.items = append(d.items, item{pairs[i], pairs[i+1]})
	}
}

// unhashable tells whether Python refuses a value as the key of a dict.
func unhashable(key any) bool {
	switch key := key.(type) {
	case *list:
		return true
	case *dict:
		return key.class == ""
	}
	return false
}

// call pushes the result of a function for its arguments, if the function is one of
// those that make a state dict. For any other function it pushes an object of which
// only the function's name is known.
func (m *machine) call(fn, arguments any) {
	args, isTuple := arguments.(tuple)
	if !isTuple {
		m.fail("calls %s with %s, want a tuple", kind(fn), kind(arguments))
		return
	}
	switch {
	case fn == any(orderedDict) && len(args) == 0:
		m.push(&dict{})
	case (fn == any(rebuildParameter) || fn == any(rebuildParameterWithState)) && len(args) > 0:
		m.push(args[0])
	case fn == any(rebuildTensor) && len(args) >= 4:
		v, err := newView(args)
		if err != nil {
			m.fail("%s: %w", rebuildTensor, err)
		}
		m.push(v)
	default:
		m.object(fn)
	}
}

// object pushes an object of a class, or of a function that returns objects.
func (m *machine) object(class any) {
	switch class := class.(type) {
	case global:
		m.push(&dict{class: class})
	case *dict:
		if class.class != "" { // the class is, for example, the result of a call of getattr
			m.push(&dict{class: class.class})
			return
		}
		m.fail("calls %s, want a class or function", kind(class))
	default:
		m.fail("calls %s, want a class or function", kind(class))
	}
}

// newView makes a view of the arguments (storage, offset, size, stride, ...).
func newView(args tuple) (v view, err error) {
	var ok [4]bool
	v.storage, ok[0] = args[0].(storage)
	v.offset, ok[1] = natural(args[1])
	v.shape, ok[2] = naturals(args[2])
	v.stride, ok[3] = naturals(args[3])
	for i, want := range []string{"a storage", "an offset", "a shape", "strides"} {
		if !ok[i] {
			return v, fmt.Errorf("argument %d is %s, want %s of numbers from 0 up", i, kind(args[i]), want)
		}
	}
	if len(v.shape) != len(v.stride) || len(v.shape) > safetensors.MaxRank {
		return v, fmt.Errorf("%d dimensions and %d strides, want the same number, at most %d", len(v.shape), len(v.stride), safetensors.MaxRank)
	}
	return v, nil
}

// storage reads the persistent id ("storage", class, key, location, numel). Before
// PyTorch 1.6 a sixth item gives the storage of which this one is a part, or None. In
// those files the classes of a whole model have persistent ids too: ("module", class,
// file, source).
func (m *machine) storage(id any) {
	t, _ := id.(tuple)
	switch {
	case len(t) == 4 && t[0] == any("module"):
		m.push(t[1])
		return
	case len(t) == 6 && t[5] == nil:
		t = t[:5]
	}
	if len(t) != 5 || t[0] != any("storage") {
		m.fail("a persistent id is not the storage tuple of five")
		return
	}
	class, okClass := t[1].(global)
	key, okKey := t[2].(string)
	numel, okNumel := natural(t[4])
	if !okClass || !okKey || !okNumel {
		m.fail("a storage of class %s, key %s, length %s: want torch's storage class, str, int from 0 up", kind(t[1]), kind(t[2]), kind(t[4]))
		return
	}
	s := storage{key: key, dtype: storageDType(class), numel: numel}
	m.storages[key] = s
	m.push(s)
}

func natural(v any) (int, bool) {
	n, ok := v.(int64)
	return int(n), ok && n >= 0 && int64(int(n)) == n
}

func naturals(v any) ([]int, bool) {
	t, ok := v.(tuple)
	ns := make([]int, len(t))
	for i := range t {
		n, okN := natural(t[i])
		ns[i], ok = n, ok && okN
	}
	return ns, ok
}

// kind returns the name of a value's type in Python's words.
func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		return "bool"
	case int64:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case tuple:
		return "tuple"
	case *list:
		return "list"
	case *dict:
		if v.class != "" {
			return fmt.Sprintf("an object of %.120q", string(v.class))
		}
		return "dict"
	case storage:
		return "storage"
	case view:
		return "tensor"
	case global:
		return fmt.Sprintf("the name %.120q", string(v))
	}
	return "nothing"
}

// budget counts the bytes of memory that a file has claimed, up to a limit.
type budget struct{ limit, used int64 }

var errBudget = errors.New("claims more memory than a checkpoint of its size needs")

// newBudget returns the budget of a file of size bytes.
func newBudget(size int64) *budget { return &budget{limit: 2*size + 64<<20} }

// take claims n bytes. It returns an error if they exceed the limit.
func (b *budget) take(n int) error {
	if int64(n) > b.limit-b.used {
		return fmt.Errorf("%w: over %d bytes, twice the file and 64 MiB", errBudget, b.limit)
	}
	b.used += int64(n)
	return nil
}

// release gives n bytes back.
func (b *budget) release(n int) { b.used -= int64(n) }
