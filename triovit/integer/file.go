// SPDX-License-Identifier: Apache-2.0

package integer

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/gotriovit/gotriovit/internal/atomicfile"
	"github.com/gotriovit/gotriovit/internal/regular"
	"github.com/gotriovit/gotriovit/internal/safetensors"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// An artefact is a model in a file of the safetensors format: the model's lists of numbers
// are tensors, and everything else is the JSON text of a metadata entry
// (docs/ARTEFACT.md).
const (
	fileFormat = "triovit integer model"
	// fileVersion changes with the contents of the file or with the meaning of an
	// operation. decode upgrades files of older versions.
	fileVersion = 1

	maxFile = 1 << 30 // largest size in bytes; the largest network has about 50 MB
)

// metadata are the entries beside the tensors, in the order of the file.
type metadata struct {
	Format  string `json:"format"`
	Model   string `json:"model"` // the JSON text of a description
	Version string `json:"version"`
}

// A description is a model without its lists of numbers.
type description struct {
	Name string `json:"name"`
	Limits
	Classes    []string `json:"classes,omitempty"`
	Picture    *picture `json:"picture"` // the picture, null where it is unknown
	Source     Source   `json:"source"`
	Operations records  `json:"operations"`
}

type picture struct {
	Width     int     `json:"width"`
	Height    int     `json:"height"`
	CropRatio float64 `json:"crop_ratio"`
	RoundDown bool    `json:"round_down"`
	Filter    string  `json:"filter"`
	preprocess.Normalization
}

// A record is one operation.
type record struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind"`
	Inputs []string `json:"inputs,omitempty"`
	// Weights is the shape of a convolution's weights, [filters, channels of a
	// group, kernel, kernel].
	Weights [4]int `json:"weights,omitzero"`
	// Parameters are the operation's parameters, a JSON object.
	Parameters jsontext.Value `json:"parameters"`
}

// records are read one by one, since a few bytes may claim a long list.
type records []record

// UnmarshalJSONFrom implements [json.UnmarshalerFrom].
func (all *records) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != '[' {
		return errors.New("operations: an array is allowed")
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		if len(*all) == maxOps {
			return fmt.Errorf("operations: at most %d are allowed", maxOps)
		}
		var r record
		if err := json.UnmarshalDecode(d, &r); err != nil {
			return err
		}
		*all = append(*all, r)
	}
	_, err := d.ReadToken()
	return err
}

// newOperation returns an operation of a kind without its parameters, or nil.
func newOperation(kind string) Operation {
	switch kind {
	case "Input":
		return &Input{}
	case "Conv":
		return &Conv{}
	case "Requantize":
		return &Requantize{}
	case "Hardswish":
		return &Hardswish{}
	case "Add":
		return &Add{}
	case "Concat":
		return &Concat{}
	case "Pool":
		return &Pool{}
	case "Upsample":
		return &Upsample{}
	case "LayerNorm":
		return &LayerNorm{}
	case "Heads":
		return &Heads{}
	case "MergeHeads":
		return &MergeHeads{}
	case "ReLU":
		return &ReLU{}
	case "MatMul":
		return &MatMul{}
	case "SumTokens":
		return &SumTokens{}
	case "Log2":
		return &Log2{}
	case "Divide":
		return &Divide{}
	}
	return nil
}

// Write writes the model as an artefact. Equal models give equal bytes. An invalid model
// is an error.
func (m *Model) Write(w io.Writer) error {
	if err := m.Validate(); err != nil {
		return err
	}
	d := description{Name: m.Name, Limits: m.Limits, Classes: m.Classes, Source: m.Source}
	if m.Picture != (Picture{}) {
		p := m.Picture.Pipeline
		d.Picture = &picture{p.Width, p.Height, p.CropRatio, p.RoundDown, p.Filter.String(), m.Picture.Normalization}
	}
	var tensors []safetensors.Output
	for i := range m.Ops {
		op := &m.Ops[i]
		parameters, err := json.Marshal(op.Operation)
		if err != nil {
			return fmt.Errorf("integer model %s: %s %q: %w", m.Name, Kind(op.Operation), op.Name, err)
		}
		r := record{Name: op.Name, Kind: Kind(op.Operation), Inputs: op.Inputs, Parameters: parameters}
		if c, ok := op.Operation.(*Conv); ok {
			filters, area := len(c.Bias), c.Kernel*c.Kernel
			r.Weights = [4]int{filters, len(c.Weights) / filters / area, c.Kernel, c.Kernel}
		}
		d.Operations = append(d.Operations, r)
		for _, l := range listsOf(op, r.Weights) {
			if l.len() > 0 {
				tensors = append(tensors, safetensors.Output{Name: tensorName(op, l), DType: l.dtype(), Shape: l.shape(), Write: l.write})
			}
		}
	}
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("integer model %s: %w", m.Name, err)
	}
	meta := map[string]string{"format": fileFormat, "model": string(text), "version": strconv.Itoa(fileVersion)}
	if err := safetensors.Write(w, meta, tensors); err != nil {
		return fmt.Errorf("integer model %s: %w", m.Name, err)
	}
	return nil
}

// WriteFile writes the model to a file, which is whole or absent.
func (m *Model) WriteFile(path string) error { return atomicfile.Write(path, m.Write) }

// Hash returns the SHA-256 of the artefact's file, in hexadecimal. An invalid model is an
// error.
func (m *Model) Hash() (string, error) {
	sum := sha256.New()
	if err := m.Write(sum); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// tensorName returns the name of the tensor that holds an operation's list. The name of a
// list has no slash, so that no two tensors have one name.
func tensorName(op *Op, l list) string { return op.Name + "/" + l.name() }

// ReadFile reads a file that [Model.WriteFile] wrote: see [Read].
func ReadFile(path string) (*Model, error) {
	f, err := regular.Open(path, math.MaxInt64) // Read bounds the size
	if err != nil {
		return nil, fmt.Errorf("artefact: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	var m *Model
	if err == nil {
		m, err = Read(f, info.Size())
	}
	if err != nil {
		return nil, fmt.Errorf("artefact %s: %w", path, err)
	}
	return m, nil
}

// Read reads an artefact of size bytes. It checks everything: that the tensors
// cover the file, that every parameter is in its bounds, shapes fit and
// accumulators have room ([Model.Infer]), and that [Model.Write] would write these
// very bytes. The error is one line and names the operation or the tensor. A file
// of another version is an error that says what to do. Memory is at most twice the
// file and 64 MiB.
func Read(r io.ReaderAt, size int64) (*Model, error) {
	if size > maxFile {
		return nil, fmt.Errorf("has %d bytes: artefacts of at most %d are read", size, maxFile)
	}
	h, err := safetensors.Open(r, size)
	if err != nil {
		return nil, err
	}
	m, err := decode(h)
	if err != nil {
		return nil, err
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	same := &comparer{file: bufio.NewReaderSize(io.NewSectionReader(r, 0, size), 32<<10)}
	if err := m.Write(same); err != nil {
		return nil, err
	}
	if same.at != size {
		return nil, fmt.Errorf("integer model %s: the file has %d bytes, the model is written in %d", m.Name, size, same.at)
	}
	return m, nil
}

// IsArtefact reports whether a file begins like an artefact of any version.
func IsArtefact(path string) bool {
	f, err := regular.Open(path, math.MaxInt64)
	if err != nil {
		return false
	}
	defer f.Close()
	const begin = `{"` + safetensors.MetadataKey + `":{"format":"` + fileFormat + `"`
	head := make([]byte, 8+len(begin))
	_, err = io.ReadFull(f, head)
	return err == nil && string(head[8:]) == begin
}

// A comparer is a writer that compares the bytes written to it with a file.
type comparer struct {
	file *bufio.Reader
	at   int64 // number of equal bytes so far
}

func (c *comparer) Write(want []byte) (int, error) {
	for done := 0; done < len(want); {
		got, err := c.file.Peek(min(len(want)-done, c.file.Size()))
		if err != nil {
			return done, fmt.Errorf("the file ends at byte %d, the model goes on", c.at+int64(len(got)))
		}
		for i, b := range got {
			if b != want[done+i] {
				return done, fmt.Errorf("byte %d of the file is not the one that the model is written with: it was written by another program, or damaged", c.at+int64(i))
			}
		}
		c.file.Discard(len(got))
		c.at, done = c.at+int64(len(got)), done+len(got)
	}
	return len(want), nil
}

// strict decodes JSON text. An unknown or repeated key is an error.
func strict(text []byte, into any) error {
	err := json.Unmarshal(text, into, json.RejectUnknownMembers(true))
	if err != nil {
		text := err.Error() // the error's text would quote the file
		return errors.New(strings.ToValidUTF8(text[:min(len(text), 300)], ""))
	}
	return nil
}

// decode makes a model of a file's header and tensors. It also checks the properties that
// [Model.Validate] cannot check.
func decode(h *safetensors.Header) (*Model, error) {
	var known struct {
		Format  string         `json:"format"`
		Version jsontext.Value `json:"version"`
	}
	if h.Metadata == nil || json.Unmarshal(h.Metadata, &known) != nil || known.Format != fileFormat {
		return nil, fmt.Errorf("no %s: its safetensors header has no such format; \"triovit freeze\" makes one", fileFormat)
	}
	if err := checkVersion(known.Version); err != nil {
		return nil, err
	}
	var meta metadata
	if err := strict(h.Metadata, &meta); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	var d description
	if err := strict([]byte(meta.Model), &d); err != nil {
		return nil, fmt.Errorf("metadata: model: %w", err)
	}
	m := &Model{Name: d.Name, Limits: d.Limits, Classes: d.Classes, Source: d.Source}
	if p := d.Picture; p != nil {
		filters := []preprocess.Filter{preprocess.Bilinear, preprocess.Bicubic}
		at := slices.IndexFunc(filters, func(f preprocess.Filter) bool { return f.String() == p.Filter })
		if at < 0 {
			return nil, fmt.Errorf("picture: a filter %.40q: %v are allowed", p.Filter, filters)
		}
		m.Picture = Picture{preprocess.Pipeline{Width: p.Width, Height: p.Height, CropRatio: p.CropRatio, RoundDown: p.RoundDown, Filter: filters[at]}, p.Normalization}
	}
	rest := h.Tensors
	for i, r := range d.Operations {
		if err := checkText(r.Name, maxName); err != nil {
			return nil, fmt.Errorf("operation %d: %w", i, err)
		}
		op := Op{Name: r.Name, Inputs: r.Inputs, Operation: newOperation(r.Kind)}
		if op.Operation == nil {
			return nil, fmt.Errorf("operation %d, %q, is a %.40q: no such kind is known", i, r.Name, r.Kind)
		}
		if err := strict(r.Parameters, op.Operation); err != nil {
			return nil, fmt.Errorf("%s %q: parameters: %w", r.Kind, r.Name, err)
		}
		if err := checkFactors(&op, rest); err != nil {
			return nil, err
		}
		for _, l := range listsOf(&op, r.Weights) {
			if len(rest) == 0 || rest[0].Name != tensorName(&op, l) {
				continue
			}
			if err := l.read(rest[0]); err != nil {
				return nil, fmt.Errorf("tensor %q: %w", rest[0].Name, err)
			}
			rest = rest[1:]
		}
		m.Ops = append(m.Ops, op)
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("tensor %.80q: no operation has it, or it stands at another place", rest[0].Name)
	}
	return m, nil
}

// checkFactors returns an error unless the next tensors of a file are all three lists of a
// [Requantize], of one length, or none of them. A factor takes more bytes in memory than
// any of its numbers in the file, so that a single list must not allocate the factors.
func checkFactors(op *Op, next []safetensors.Tensor) error {
	if _, ok := op.Operation.(*Requantize); !ok {
		return nil
	}
	lists := listsOf(op, [4]int{})[:3]
	if len(next) == 0 || !slices.ContainsFunc(lists, func(l list) bool { return next[0].Name == tensorName(op, l) }) {
		return nil
	}
	for i, l := range lists {
		if i >= len(next) || next[i].Name != tensorName(op, l) {
			return fmt.Errorf("no tensor %q at its place: mantissa, shift and addend are allowed together", tensorName(op, l))
		}
		if next[i].DType != l.dtype() || !slices.Equal(next[i].Shape, next[0].Shape) {
			return fmt.Errorf("tensor %q: %.20q of shape %v: %s of %v, as many as mantissas, is allowed", next[i].Name, next[i].DType, next[i].Shape, l.dtype(), next[0].Shape)
		}
	}
	return nil
}

// checkVersion returns an error with a remedy for a file of another version.
func checkVersion(found jsontext.Value) error {
	var text string
	if json.Unmarshal(found, &text) != nil {
		return fmt.Errorf("a version of %.40q: a number in quotes is allowed", found)
	}
	switch version, err := strconv.Atoi(text); {
	case err != nil || version < 1 || strconv.Itoa(version) != text:
		return fmt.Errorf("a version of %.40q: 1 to %d are allowed", text, fileVersion)
	case version > fileVersion:
		return fmt.Errorf("written by a newer version of this program, in version %d of the format, of which this one reads up to %d: update it", version, fileVersion)
	}
	return nil
}

// A list is one list of numbers of an operation, stored in a file as a tensor. An empty
// list has no tensor.
type list interface {
	name() string
	dtype() string
	shape() []int
	len() int
	write(w *bufio.Writer) error
	read(t safetensors.Tensor) error
}

// listsOf returns an operation's lists in the order of the file. The shape is the shape of
// a convolution's weights.
func listsOf(op *Op, shape [4]int) []list {
	var all []list
	switch o := op.Operation.(type) {
	case *Conv:
		weights := list(&numbers[int8, int8]{"weights", shape[:], &o.Weights, itself})
		if o.WeightBits <= nibble {
			weights = &nibbles{shape[:], &o.Weights}
		}
		all = append(all, weights, plain("bias", &o.Bias), plain("pad", &o.Pad))
	case *Requantize:
		all = append(all,
			&numbers[Affine, int32]{"mantissa", nil, &o.Affine, func(a *Affine) *int32 { return &a.Mantissa }},
			&numbers[Affine, uint8]{"shift", nil, &o.Affine, func(a *Affine) *uint8 { return &a.Shift }},
			&numbers[Affine, int64]{"addend", nil, &o.Affine, func(a *Affine) *int64 { return &a.Addend }})
	case *Log2:
		all = append(all, plain("thresholds", &o.Thresholds))
	}
	return append(all, plain("steps", &op.Values.Steps), plain("offsets", &op.Values.Offsets))
}

// chunk is the number of a list's numbers that are read or written at a time.
const chunk = 4 << 10

// number is a type of numbers in a file.
type number interface {
	int8 | uint8 | int32 | int64 | float64
}

// numbers is the list of one field T of each element E of a slice.
type numbers[E any, T number] struct {
	called string
	dims   []int // sizes of the axes, nil for one axis
	of     *[]E
	at     func(*E) *T
}

func itself[T number](x *T) *T { return x }

// plain is the list of a slice of numbers along one axis.
func plain[T number](name string, of *[]T) *numbers[T, T] {
	return &numbers[T, T]{name, nil, of, itself[T]}
}

func (n *numbers[E, T]) name() string { return n.called }
func (n *numbers[E, T]) len() int     { return len(*n.of) }

func (n *numbers[E, T]) shape() []int {
	if n.dims == nil {
		return []int{len(*n.of)}
	}
	return n.dims
}

func (n *numbers[E, T]) dtype() string {
	switch any(*new(T)).(type) {
	case int8:
		return "I8"
	case uint8:
		return "U8"
	case int32:
		return "I32"
	case int64:
		return "I64"
	}
	return "F64"
}

func (n *numbers[E, T]) write(w *bufio.Writer) error {
	buffer := make([]T, min(chunk, len(*n.of)))
	var raw []byte
	for part := range slices.Chunk(*n.of, chunk) {
		for i := range part {
			buffer[i] = *n.at(&part[i])
		}
		var err error
		if raw, err = binary.Append(raw[:0], binary.LittleEndian, buffer[:len(part)]); err != nil {
			return err
		}
		if _, err = w.Write(raw); err != nil {
			return err
		}
	}
	return nil
}

func (n *numbers[E, T]) read(t safetensors.Tensor) error {
	if t.DType != n.dtype() || len(t.Shape) != len(n.shape()) || n.dims != nil && !slices.Equal(t.Shape, n.dims) {
		return fmt.Errorf("%.20q of shape %v: %s of %s is allowed", t.DType, t.Shape, n.dtype(), axes(n.dims))
	}
	count, _ := safetensors.Elements(t.Shape)
	if *n.of == nil { // a preceding list of the same length may have allocated it: see checkFactors
		*n.of = make([]E, count)
	}
	buffer := make([]T, min(chunk, count))
	raw := make([]byte, binary.Size(buffer))
	for part := range slices.Chunk(*n.of, chunk) {
		raw = raw[:binary.Size(buffer[:len(part)])]
		if _, err := io.ReadFull(t.Data, raw); err != nil {
			return err
		}
		if _, err := binary.Decode(raw, binary.LittleEndian, buffer[:len(part)]); err != nil {
			return err
		}
		for i := range part {
			*n.at(&part[i]) = buffer[i]
		}
	}
	return nil
}

func axes(dims []int) string {
	if dims == nil {
		return "one axis"
	}
	return fmt.Sprintf("shape %v", dims)
}

// nibble is the largest width in bits of weights that are packed in pairs.
const nibble = 4

// nibbles are weights of at most four bits, in two's complement. The first weight of a
// pair takes the low bits of their byte. Behind an odd number of weights the last four
// bits are zero.
type nibbles struct {
	dims []int // sizes of the axes of the weights
	of   *[]int8
}

func (n *nibbles) name() string  { return "weights" }
func (n *nibbles) dtype() string { return "U8" }
func (n *nibbles) shape() []int  { return []int{(len(*n.of) + 1) / 2} }
func (n *nibbles) len() int      { return len(*n.of) }

func (n *nibbles) write(w *bufio.Writer) error {
	for pair := range slices.Chunk(*n.of, 2) {
		b := byte(pair[0]) & 0xf
		if len(pair) == 2 {
			b |= byte(pair[1]) << nibble
		}
		if err := w.WriteByte(b); err != nil {
			return err
		}
	}
	return nil
}

func (n *nibbles) read(t safetensors.Tensor) error {
	count, ok := safetensors.Elements(n.dims)
	if !ok || t.DType != n.dtype() || !slices.Equal(t.Shape, []int{count/2 + count%2}) {
		return fmt.Errorf("%.20q of shape %v: %s, a byte for each two of weights of %v, is allowed", t.DType, t.Shape, n.dtype(), n.dims)
	}
	*n.of = make([]int8, count)
	r := bufio.NewReader(t.Data)
	for pair := range slices.Chunk(*n.of, 2) {
		b, err := r.ReadByte()
		if err != nil {
			return err
		}
		pair[0] = int8(b<<nibble) >> nibble
		if len(pair) == 2 {
			pair[1] = int8(b) >> nibble
		}
	}
	return nil
}
