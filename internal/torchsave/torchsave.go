// SPDX-License-Identifier: Apache-2.0

// Package torchsave writes checkpoints as torch.save does, for tests.
package torchsave

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"strings"
)

// Values that a pickle may hold, besides nil, bool, int, float64 and string.
type (
	// Dict is a dict. Its items keep their order, as in Python.
	Dict []Item
	// StateDict is the result of module.state_dict(): an OrderedDict with attributes.
	StateDict []Item
	// Item is a key with its value.
	Item struct{ Key, Value any }
	// List is a list.
	List []any
	// Tuple is a tuple.
	Tuple []any
	// Name is a class or a function, "module.name".
	Name string
	// Object is an instance of a class. It is made without arguments and then gets
	// attributes.
	Object struct {
		Class      Name
		Attributes any
	}
	// Call is the result of a call of a function.
	Call struct {
		Function  Name
		Arguments Tuple
	}
	// Opcodes are written unchanged.
	Opcodes string
	// Tensor is a tensor over a storage of Numel elements. Class is the storage's
	// class, such as "FloatStorage". Offset and strides are in elements.
	Tensor struct {
		Class, Key    string
		Numel, Offset int
		Shape, Stride []int
	}
)

// Full returns a tensor of equal floats, over a storage of one element. The key of the
// storage is the value, from which [Zip] and [Legacy] make its bytes.
func Full(value float32, shape ...int) Tensor {
	return Tensor{"FloatStorage", fmt.Sprint(value), 1, 0, shape, make([]int, len(shape))}
}

// Pickle returns the pickle of a value in protocol 2.
func Pickle(value any) []byte { return write(value, false) }

func write(value any, legacy bool) []byte {
	p := &pickler{legacy: legacy}
	p.op(0x80, 2) // the opcode PROTO
	p.value(value)
	p.op('.')
	return p.Bytes()
}

// pickler writes the opcodes of a value. It uses no memo.
type pickler struct {
	bytes.Buffer
	legacy bool // persistent ids have six items
}

func (p *pickler) op(op byte, operand ...byte) { p.WriteByte(op); p.Write(operand) }

func (p *pickler) value(value any) {
	switch v := value.(type) {
	case nil:
		p.op('N')
	case bool:
		if v {
			p.op(0x88)
		} else {
			p.op(0x89)
		}
	case int:
		p.op(0x8a, binary.LittleEndian.AppendUint64([]byte{8}, uint64(v))...)
	case float64:
		p.op('G', binary.BigEndian.AppendUint64(nil, math.Float64bits(v))...)
	case string:
		p.op('X', binary.LittleEndian.AppendUint32(nil, uint32(len(v)))...)
		p.WriteString(v)
	case Dict:
		p.op('}')
		p.items(v)
	case StateDict:
		p.value(orderedDict)
		p.items(v)
		p.value(Dict{{"_metadata", orderedDict}})
		p.op('b')
	case List:
		p.op(']')
		p.op('(')
		p.values(v)
		p.op('e')
	case Tuple:
		p.op('(')
		p.values(v)
		p.op('t')
	case Name:
		dot := strings.LastIndex(string(v), ".")
		p.op('c')
		p.WriteString(string(v[:dot]) + "\n" + string(v[dot+1:]) + "\n")
	case Object:
		p.value(v.Class)
		p.op(')')
		p.op(0x81) // the opcode NEWOBJ
		p.value(v.Attributes)
		p.op('b')
	case Call:
		p.value(v.Function)
		p.value(v.Arguments)
		p.op('R')
	case Opcodes:
		p.WriteString(string(v))
	case Tensor:
		p.tensor(v)
	default:
		panic(fmt.Sprintf("torchsave: no pickle of %T", value))
	}
}

func (p *pickler) items(items []Item) {
	p.op('(')
	for _, item := range items {
		p.value(item.Key)
		p.value(item.Value)
	}
	p.op('u')
}

func (p *pickler) values(values []any) {
	for _, v := range values {
		p.value(v)
	}
}

func (p *pickler) tensor(t Tensor) {
	id := Tuple{"storage", Name("torch." + t.Class), t.Key, "cpu", t.Numel}
	if p.legacy {
		id = append(id, nil)
	}
	p.value(Name("torch._utils._rebuild_tensor_v2"))
	p.op('(')
	p.value(id)
	p.op('Q')
	p.values([]any{t.Offset, ints(t.Shape), ints(t.Stride), false, orderedDict})
	p.op('t')
	p.op('R')
}

func ints(ns []int) Tuple {
	t := make(Tuple, len(ns))
	for i, n := range ns {
		t[i] = n
	}
	return t
}

// orderedDict is an empty OrderedDict.
var orderedDict = Call{"collections.OrderedDict", nil}

// elementSizes are the bytes of an element of a storage class.
var elementSizes = map[string]int{"FloatStorage": 4, "LongStorage": 8, "CharStorage": 1, "QInt8Storage": 1}

// storages finds the storages of a value's tensors and adds them to found by key.
func storages(value any, found map[string]Tensor) map[string]Tensor {
	switch v := value.(type) {
	case Dict:
		storages(StateDict(v), found)
	case StateDict:
		for _, item := range v {
			storages(item.Value, found)
		}
	case List:
		storages(Tuple(v), found)
	case Tuple:
		for _, item := range v {
			storages(item, found)
		}
	case Tensor:
		found[v.Key] = v
	}
	return found
}

// bytes returns the bytes of the tensor's storage: the value of [Full], or zeros.
func (t Tensor) bytes() []byte {
	if t.Class != "FloatStorage" {
		return make([]byte, t.Numel*elementSizes[t.Class])
	}
	var f float32
	if _, err := fmt.Sscan(t.Key, &f); err != nil {
		panic(fmt.Sprintf("torchsave: tensor over %q was not made by Full", t.Key))
	}
	return binary.LittleEndian.AppendUint32(nil, math.Float32bits(f))
}

// Zip returns the file of a value as torch.save writes it since PyTorch 1.6. Tensors of
// floats must come from [Full]. Tensors of integers are zeros.
func Zip(value any) []byte {
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	put := func(name string, content []byte) {
		n := uint64(len(content))
		w, err := z.CreateRaw(&zip.FileHeader{Name: "archive/" + name, CompressedSize64: n, UncompressedSize64: n, CRC32: crc32.ChecksumIEEE(content)})
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			panic(err) // writing to a buffer cannot fail
		}
	}
	put("data.pkl", Pickle(value))
	put("byteorder", []byte("little"))
	found := storages(value, map[string]Tensor{})
	for _, key := range slices.Sorted(maps.Keys(found)) {
		put("data/"+key, found[key].bytes())
	}
	put("version", []byte("3\n"))
	if err := z.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// Legacy returns the file of a value as torch.save wrote it before PyTorch 1.6, and
// still does on request (torch/serialization.py, _legacy_save). Its tensors follow the
// rules of [Zip].
func Legacy(value any) []byte {
	found := storages(value, map[string]Tensor{})
	order := slices.Sorted(maps.Keys(found))
	var keys List
	for _, key := range order {
		keys = append(keys, key)
	}
	file := []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.")
	for _, v := range []any{1001, Dict{{"protocol_version", 1001}, {"little_endian", true}}} {
		file = append(file, Pickle(v)...)
	}
	file = append(file, write(value, true)...)
	file = append(file, Pickle(keys)...)
	for _, key := range order {
		file = binary.LittleEndian.AppendUint64(file, uint64(found[key].Numel))
		file = append(file, found[key].bytes()...)
	}
	return file
}
