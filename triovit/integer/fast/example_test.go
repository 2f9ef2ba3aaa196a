// SPDX-License-Identifier: Apache-2.0

package fast_test

import (
	"fmt"
	"log"

	"github.com/gotriovit/gotriovit/triovit/integer"
	"github.com/gotriovit/gotriovit/triovit/integer/fast"
	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// A classifier's artefact names what a picture shows.
func Example() {
	model, err := integer.ReadFile("b1.triovit")
	if err != nil {
		log.Fatal(err)
	}
	executor, err := fast.New(model)
	if err != nil {
		log.Fatal(err)
	}
	picture, err := preprocess.DecodeFile("picture.jpg")
	if err != nil {
		log.Fatal(err)
	}
	codes, err := model.Codes(picture)
	if err != nil {
		log.Fatal(err)
	}
	logits, err := executor.Run(codes)
	if err != nil {
		log.Fatal(err)
	}
	best := 0
	for class, logit := range logits.Data {
		if logit > logits.Data[best] {
			best = class
		}
	}
	fmt.Println(model.Classes[best])
}
