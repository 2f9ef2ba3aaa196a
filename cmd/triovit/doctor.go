// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"

	"github.com/gotriovit/gotriovit/triovit"
)

var doctorCommand = command{
	name: "doctor", about: "what is found on this machine, and what to do where it is not right",
	help: `Looks at the Go version, vector instructions, backend, model, pictures and cache
that the other commands use where their flags name no others. The pictures are
opened as for an evaluation, and a few of them are read with their labels. The exit
status is 1 where a line is not right.`,
	declare: func(*flag.FlagSet) action {
		return func(context.Context, []string) (output, error) {
			d := triovit.Doctor()
			data, err := d.JSON()
			if err == nil && !d.OK() {
				err = errors.New("not everything is right")
			}
			return output{d.String(), json.RawMessage(data)}, err
		}
	},
}
