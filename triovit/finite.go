// SPDX-License-Identifier: Apache-2.0

package triovit

import (
	"errors"
	"fmt"

	"github.com/gotriovit/gotriovit/internal/finite"
	"github.com/gotriovit/gotriovit/triovit/efficientvit"
)

// A NotFiniteError reports that a network's tensor for a picture has NaN or an infinity.
// Such a picture is not scored.
type NotFiniteError struct {
	// Picture is the index of the picture in the batch, from 0.
	Picture int
	// Tensor is the first tensor in the order of the network that is not finite. Channel
	// is the channel of its first such value.
	Tensor  string
	Channel int
}

// Error names the tensor. The picture has a name only in its data set.
func (e *NotFiniteError) Error() string {
	return fmt.Sprintf("tensor %s is not finite in channel %d", e.Tensor, e.Channel)
}

// NotFinite checks an operation's values for some pictures, [n, ...], and returns nil
// where all of them are finite.
func NotFinite(op *efficientvit.Op, values []float32) *NotFiniteError {
	at := finite.First(values)
	if at < 0 {
		return nil
	}
	return &NotFiniteError{Picture: at / efficientvit.Size(op.Shape), Tensor: op.Name, Channel: at % op.Shape[len(op.Shape)-1]}
}

// CheckValues returns an error that names the first unusable parameter, in the order of
// the network: one with NaN or an infinity, or a running variance that stays negative or
// zero even with eps added. A parameter that the model lacks is not checked. A model
// without any weights, such as an artefact's description, is an error.
func (m *Model) CheckValues() error {
	err := m.hasWeights()
	if err == nil {
		err = m.checkValues()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", named(m.Net.Name, m.Source), err)
	}
	return nil
}

// hasWeights returns an error for a model that only describes its network.
func (m *Model) hasWeights() error {
	if m.Weights == nil {
		return errors.New("no weights in floating point: an artefact is evaluated as it is, everything else takes the checkpoint")
	}
	return nil
}

func (m *Model) checkValues() error {
	for i := range m.Net.Ops {
		op := &m.Net.Ops[i]
		for k, p := range op.Params {
			t, ok := m.Weights[p.Name]
			if !ok {
				continue
			}
			if at := finite.First(t.Data); at >= 0 {
				return fmt.Errorf("parameter %s is not finite: value %d of %d is %g", p.Name, at, len(t.Data), t.Data[at])
			}
			if op.Kind != efficientvit.BatchNorm || k != 3 {
				continue
			}
			for c, v := range t.Data {
				if !(float64(v)+op.Eps > 0) {
					return fmt.Errorf("running variance %s is %g in channel %d: with its eps of %g it must be above 0", p.Name, v, c, op.Eps)
				}
			}
		}
	}
	return nil
}
