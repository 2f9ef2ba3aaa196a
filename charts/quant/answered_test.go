// SPDX-License-Identifier: Apache-2.0

package quant

import (
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/dataset/scenes"
)

// A classifier's answer is told in words; a map of classes is shown in
// TestNotebooks of package browsertest.
func TestAnsweredInWords(t *testing.T) {
	pictures, err := scenes.Dataset(t.Context(), "one", 1, 1, 32, 32)
	if err != nil {
		t.Fatal(err)
	}
	item, err := pictures.Load(0)
	if err != nil {
		t.Fatal(err)
	}
	item.Label = dataset.Label{Class: 1}
	classes := pictures.Classes()
	logits := make([]float32, len(classes))
	logits[2] = 1
	show := Answered(&triovit.Setup{Evaluation: pictures}, item, "integers", logits)
	if want := ": truth " + classes[1] + "; integers: " + classes[2]; !strings.HasSuffix(show.Title, want) || len(show.Images) != 1 {
		t.Errorf("title %q over %d pictures, want %q", show.Title, len(show.Images), want)
	}
}
