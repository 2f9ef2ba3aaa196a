// SPDX-License-Identifier: Apache-2.0

package fast

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/internal/kernel"
)

// An Executor is an integer model that is planned for the processor it runs on. It does
// not change. Several goroutines may run pictures at once.
type Executor struct {
	model   *integer.Model
	tensors []integer.Tensor
	places  []place
	steps   []planned
	kernels *kernel.Set
	sizes   sizes
	group   *group

	mu     sync.Mutex
	states []*state // the states that no picture uses
}

// A planned is a step that makes tensors from others. Its parts may run at the same time.
type planned struct {
	run   func(s *state, w *scratch, part int)
	parts int
	// ops are the operations that end in the step; the first one names it. made are the
	// tensors that a state holds after the step.
	ops  []int
	made []int
}

// sizes are the numbers of elements of a state, and of the scratch of a goroutine.
type sizes struct {
	bytes, words, weights           int
	acc, rows, interleaved, operand int
}

// A state is the memory for the computation of one picture.
type state struct {
	picture, logits []int32
	bytes           []byte
	words           []int32
	operand         []int32 // operand of an operation that the reference's functions compute
	values          [maxOperands]integer.Value
	weights         []int8      // the packed weights of an attention
	refused         atomic.Bool // the picture has a code outside of its grid

	scratch []scratch // the scratch memory of each core
	group   *group
	cores   int // number of cores reserved for the picture
	helpers atomic.Int64
	turn    turn
}

// A scratch is the memory of one goroutine for the computation of a part.
type scratch struct {
	acc               []int32
	rows, interleaved []byte
}

// New plans a model. The error is that of [integer.Model.Infer], names kernels in the
// environment variable TRIOVIT_KERNEL that do not exist, or says that the plan is too large
// for a processor of 32 bits.
func New(m *integer.Model) (*Executor, error) {
	set, err := kernel.FromEnvironment()
	if err != nil {
		return nil, err
	}
	return newExecutor(m, set, runtime.GOMAXPROCS(0), minPart)
}

// Kernels returns the name of the kernels for which [New] plans models, such as "vnni".
// The error is New's for the environment variable TRIOVIT_KERNEL.
func Kernels() (string, error) {
	set, err := kernel.FromEnvironment()
	if err != nil {
		return "", err
	}
	return set.Name, nil
}

// newExecutor plans a model for the given kernels and number of cores. part is the least
// work of a part of a step.
func newExecutor(m *integer.Model, set *kernel.Set, cores, part int) (*Executor, error) {
	tensors, err := m.Infer()
	if err != nil {
		return nil, err
	}
	if err := addressable(m, tensors); err != nil {
		return nil, err
	}
	e := &Executor{model: m, tensors: tensors, kernels: set, group: newGroup(cores)}
	e.plan(cores, part)
	if e.sizes.bytes > math.MaxInt-kernel.Slack || e.sizes.words > math.MaxInt/4 {
		return nil, fmt.Errorf("integer model %s: its tensors take more bytes than this processor can address", m.Name)
	}
	return e, nil
}

// acquire returns a state that no other picture uses.
func (e *Executor) acquire() *state {
	e.mu.Lock()
	defer e.mu.Unlock()
	if n := len(e.states); n > 0 {
		s := e.states[n-1]
		e.states = e.states[:n-1]
		return s
	}
	s := &state{group: e.group, bytes: make([]byte, e.sizes.bytes+kernel.Slack), words: make([]int32, e.sizes.words), weights: make([]int8, e.sizes.weights), operand: make([]int32, e.sizes.operand)}
	for range len(e.group.started) + 1 {
		s.scratch = append(s.scratch, scratch{make([]int32, e.sizes.acc), make([]byte, e.sizes.rows), make([]byte, e.sizes.interleaved)})
	}
	return s
}

func (e *Executor) release(s *state) {
	s.picture, s.logits = nil, nil
	e.mu.Lock()
	e.states = append(e.states, s)
	e.mu.Unlock()
}

// Logits computes the logits of pictures, given as the codes of the model's input one
// after another, into logits, which must have room for all. It allocates nothing once as
// many calls have run at the same time as do now. It checks the context before each
// picture.
func (e *Executor) Logits(ctx context.Context, logits, pictures []int32) error {
	in, out := e.tensors[0].Elements(), e.tensors[len(e.tensors)-1].Elements()
	n := len(pictures) / in
	if len(pictures) != n*in || len(logits) != n*out {
		return fmt.Errorf("integer model %s: pictures of %d codes and room for %d logits: a picture has %d and %d", e.model.Name, len(pictures), len(logits), in, out)
	}
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := e.run(logits[i*out:][:out], pictures[i*in:][:in], nil); err != nil {
			return err
		}
	}
	return nil
}

// Run computes the logits of one picture as [integer.Model.Run] does. It calls each watch
// with the tensors of [Executor.Holds]; a watch may keep them.
func (e *Executor) Run(picture []int32, watch ...func(op *integer.Op, y integer.Value)) (integer.Value, error) {
	if len(picture) != e.tensors[0].Elements() {
		return integer.Value{}, e.refusal(picture)
	}
	last := e.tensors[len(e.tensors)-1]
	y := integer.Value{Shape: last.Shape, Data: make([]int32, last.Elements())}
	if err := e.run(y.Data, picture, watch); err != nil {
		return integer.Value{}, err
	}
	return y, nil
}

// Holds returns the names of the tensors that are in memory between two steps.
func (e *Executor) Holds() []string {
	var names []string
	for i := range e.steps {
		for _, at := range e.steps[i].made {
			names = append(names, e.model.Ops[at].Name)
		}
	}
	return names
}

func (e *Executor) run(logits, picture []int32, watch []func(op *integer.Op, y integer.Value)) error {
	return e.runSteps(logits, picture, func(s *state, i int) {
		if s.do(&e.steps[i]); s.refused.Load() {
			return
		}
		for _, at := range e.steps[i].made {
			for _, w := range watch {
				w(&e.model.Ops[at], e.value(s, at))
			}
		}
	})
}

// runSteps calls do for each step of a picture.
func (e *Executor) runSteps(logits, picture []int32, do func(s *state, step int)) error {
	s := e.acquire()
	defer e.release(s)
	s.picture, s.logits = picture, logits
	s.refused.Store(false)
	s.cores = e.group.enter()
	defer e.group.leave(s.cores)
	for i := range e.steps {
		do(s, i)
		if i == 0 && s.refused.Load() {
			return e.refusal(picture)
		}
	}
	return nil
}

// refusal returns the error for an invalid picture. The first step finds a code out of range
// while it reads the picture.
func (e *Executor) refusal(picture []int32) error {
	return fmt.Errorf("integer model %s: %w", e.model.Name, e.model.Input().Check(picture))
}

// value returns the integers of a tensor that the state holds.
func (e *Executor) value(s *state, at int) integer.Value {
	y := integer.Value{Shape: e.tensors[at].Shape, Data: make([]int32, e.tensors[at].Elements())}
	e.places[at].read(s, y.Data)
	return y
}
