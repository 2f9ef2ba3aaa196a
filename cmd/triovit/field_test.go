// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/shared"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/builtin"
	"github.com/gotriovit/gotriovit/triovit/forward"
)

// unpacked unpacks an archive of data/field and returns the folder of its name.
func unpacked(t *testing.T, name string) string {
	t.Helper()
	archive, err := zip.OpenReader(shared.Path(t, "data/field/"+name+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	dir := t.TempDir()
	if err := os.CopyFS(dir, archive); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// TestFieldNaN: no command scores or calibrates weights with a NaN, and no call
// makes a network of them.
func TestFieldNaN(t *testing.T) {
	weights, data := shared.Path(t, "data/field/nan_weight.pt"), unpacked(t, "class_folders")
	const want = "efficientvit-b0-r224 (nan_weight.pt): parameter backbone.stages.2.op_list.1.context_module.main.qkv.conv.weight is not finite: value 0 of 12288 is NaN\n"
	for _, args := range [][]string{{"evaluate"}, {"evaluate", "-recipe", "TrioViT"}, {"evaluate", "-shard", "1/2"}, {"profile"}, {"quantize"}, {"ladder"}} {
		status, out, errors := call(t, append(args, "-model", weights, "-data", data)...)
		if status != failed || out != "" || errors != "triovit "+args[0]+": "+want {
			t.Errorf("%v: status %d, %q, error %q, want %q", args, status, out, errors, want)
		}
	}
	t.Setenv("TRIOVIT_MODEL", weights)
	t.Setenv("TRIOVIT_DATA", data)
	if status, out, _ := call(t, "doctor"); status != failed || !strings.Contains(out, want) {
		t.Errorf("doctor: status %d, %s", status, out)
	}
	m, err := triovit.Load(t.Context(), "", triovit.File(weights))
	if err != nil {
		t.Fatal(err)
	}
	_, folding := m.Fold()
	_, running := forward.New(m)
	for _, err := range []error{folding, running} {
		if err == nil || !strings.HasSuffix(err.Error()+"\n", want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

// TestFieldVoid: labels of which no pixel counts have no score in any form, and
// none is written.
func TestFieldVoid(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a network on pictures of 2048 x 1024: run without -short")
	}
	data, dir := unpacked(t, "cityscapes_all_void"), t.TempDir()
	seg, file := filepath.Join(dir, "seg.safetensors"), filepath.Join(dir, "report.json")
	writeFile(t, seg, string(builtin.Weights()))
	for _, args := range [][]string{{"evaluate"}, {"evaluate", "-json", "-out", file}, {"ladder", "-recipes", "Vanilla", "-out", dir}} {
		status, out, errors := call(t, append(args, "-model", seg, "-data", data)...)
		if status != failed || out != "" || !strings.HasSuffix(errors, " on Cityscapes val: no pixel is scored: all labels of 1 pictures are void\n") || strings.Count(errors, "\n") != 1 {
			t.Errorf("%v: status %d, %q, error %q", args, status, out, errors)
		}
	}
	for _, name := range []string{"report.json", "ladder.txt", "ladder.json", "ladder.svg"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is written", name)
		}
	}
}
