// SPDX-License-Identifier: Apache-2.0

package browsertest

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/gotriovit/gotriovit/internal/browser"
)

// sources are the folders on which notebooks depend. The test walks over them, so that
// go test counts each folder as an input of the test. Go test cannot know that cells
// are compiled from them. It may reuse the test's result only if none of them has
// changed.
var sources = []string{"calib", "charts", "cmd", "hwsim", "internal", "notebooks", "scripts", "triovit"}

func TestNotebooks(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser runs all notebooks: minutes")
	}
	root := browser.Root()
	for _, folder := range sources {
		if err := filepath.WalkDir(filepath.Join(root, folder), func(_ string, _ os.DirEntry, err error) error { return err }); err != nil {
			t.Fatal(err)
		}
	}
	b := &bench{root: root, folder: t.TempDir(), out: filepath.Join(root, "build", "browser")}
	b.need(t)
	names := b.copyNotebooks(t)

	first := b.startLab(t)
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			seen := b.look(t, page{Name: name + "/run", URL: first.notebook(name), Lab: true, Run: true, JavaScript: true})
			want := b.saved(t, name)
			seen.judge(t, want, true)
			if seen.Kernel != "Go (Trio-ViT)" {
				t.Errorf("the kernel is shown as %q", seen.Kernel)
			}
		})
	}
	first.stop(t)
	if t.Failed() {
		return // a notebook that was not run cannot be opened again
	}
	b.export(t, names)
	second := b.startLab(t) // this JupyterLab has signed no notebook, so that it trusts none
	for _, name := range names {
		html := "file://" + filepath.Join(b.folder, name+".html")
		for _, p := range []page{
			{Name: name + "/untrusted", URL: second.notebook(name), Lab: true, JavaScript: true},
			{Name: name + "/html", URL: html, JavaScript: true},
			{Name: name + "/html-without-javascript", URL: html},
		} {
			t.Run(p.Name, func(t *testing.T) {
				b.look(t, p).judge(t, b.saved(t, name), !p.Lab && p.JavaScript)
			})
		}
	}
	second.stop(t)
}

// A bench has all that the browser tests need: the module's folder, a temporary folder
// with copies of its notebooks, the folder for screenshots, and the programs.
type bench struct {
	root, folder, out string
	python            string
	browser           browser.Browser
}

// need finds the programs, or skips the test with the command that installs the first
// missing one.
func (b *bench) need(t *testing.T) {
	t.Helper()
	b.python = os.Getenv("TRIOVIT_PYTHON")
	if b.python == "" {
		b.python = filepath.Join(b.root, ".venv", "bin", "python")
	}
	kernel := filepath.Join(filepath.Dir(b.python), "..", "share", "jupyter", "kernels", "gotriovit", "kernel.json")
	if _, err := os.Stat(kernel); err != nil {
		browser.Missing(t, `the kernel "Go (Trio-ViT)"`, "make kernel")
	}
	b.browser = browser.Find(t)
}

// copyNotebooks copies the notebooks and returns their names.
func (b *bench) copyNotebooks(t *testing.T) (names []string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(b.root, "notebooks", "*.ipynb"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no notebooks: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(b.folder, filepath.Base(path)), data, 0o666); err != nil {
			t.Fatal(err)
		}
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".ipynb"))
	}
	if err := os.RemoveAll(b.out); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(b.out, 0o777); err != nil {
		t.Fatal(err)
	}
	return names
}

// export writes each notebook as HTML beside it.
func (b *bench) export(t *testing.T, names []string) {
	t.Helper()
	arguments := []string{filepath.Join(b.root, "scripts", "export_notebooks.py"), b.folder}
	for _, name := range names {
		arguments = append(arguments, filepath.Join(b.folder, name+".ipynb"))
	}
	if out, err := exec.Command(b.python, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("export: %v: %s", err, out)
	}
}

// contents counts the outputs of a saved notebook that should be on the screen.
type contents struct {
	figures int
	live    int // figures that scripts turn into live charts
	stills  int // pictures beside the first that a live chart with controls replaces
}

// saved reads a notebook that was run and saved. A cell that did not run, or that
// printed an error, fails the test.
func (b *bench) saved(t *testing.T, name string) (c contents) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(b.folder, name+".ipynb"))
	if err != nil {
		t.Fatal(err)
	}
	var notebook struct {
		Cells []struct {
			Kind    string `json:"cell_type"`
			Count   int    `json:"execution_count"`
			Outputs []struct {
				Kind   string `json:"output_type"`
				Stream string `json:"name"`
				Text   text
				Error  string          `json:"evalue"`
				Data   map[string]text `json:"data"`
			}
		}
	}
	if err := json.Unmarshal(data, &notebook); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for i, cell := range notebook.Cells {
		if cell.Kind == "code" && cell.Count == 0 {
			t.Errorf("cell %d did not run", i+1)
		}
		trouble, shown := "", ""
		for _, out := range cell.Outputs {
			html := string(out.Data["text/html"])
			if out.Kind == "error" || out.Stream == "stderr" {
				trouble += out.Error + string(out.Text)
			}
			if strings.Contains(html, "data-steered") {
				c.stills += strings.Count(html, "<img ") - 1
			}
			c.figures += strings.Count(html, "<img ")
			c.live += strings.Count(html, "<div data-figure=")
			shown += markup.ReplaceAllString(html, "")
		}
		if trouble != "" { // GoNB shows a compiler's error as HTML
			t.Errorf("cell %d: %s: %s", i+1, trouble, strings.Join(strings.Fields(shown), " "))
		}
	}
	if c.figures == 0 && name != "00_start" { // the notebook 00_start has no figure
		t.Error("the notebook has no figure")
	}
	return c
}

// markup matches tags of HTML, and the content of styles and scripts.
var markup = regexp.MustCompile(`(?s)<(style|script).*?</(style|script)>|<[^>]*>`)

// text is a string. Jupyter may write it as a list of lines.
type text string

func (s *text) UnmarshalJSON(data []byte) error {
	var lines []string
	if err := json.Unmarshal(data, &lines); err == nil {
		*s = text(strings.Join(lines, ""))
		return nil
	}
	var whole any // a string, or data that is no text
	if err := json.Unmarshal(data, &whole); err != nil {
		return err
	}
	*s = text(fmt.Sprint(whole))
	return nil
}
