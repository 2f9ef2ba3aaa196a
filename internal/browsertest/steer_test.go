// SPDX-License-Identifier: Apache-2.0

package browsertest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotriovit/gotriovit/internal/browser"
)

// steering is a cell with a chart that has one control. The control starts at the
// second of five positions.
const steering = `%noautoget
import (
	"fmt"
	"github.com/gotriovit/gotriovit/charts"
	"github.com/gotriovit/gotriovit/triovit/must"
)
func draw(at []int) (*charts.Figure, error) {
	v := 40 + 10*float64(at[0])
	return charts.LadderData{Metric: "top-1", Unit: "%", Dataset: "pictures", Images: 5, Rows: []charts.LadderRow{
		{Recipe: "float", Value: 90, Lo: 85, Hi: 95}, {Recipe: fmt.Sprint(at[0]), Value: v, Lo: v - 5, Hi: v + 5}}}.Figure()
}
%%
must.M(charts.InjectRuntime())
must.M(charts.Steer(draw, charts.Control{Name: "bits", Positions: []string{"4", "5", "6", "7", "8"}, At: 1}))`

// TestSteer: arrow keys move a slider in JupyterLab, and each step changes the chart in
// place. Only this module's own reference to ECharts is needed. A notebook that is not
// trusted shows pictures of three positions. The times of the steps are logged but not
// tested.
func TestSteer(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser and a kernel: a minute")
	}
	root := browser.Root()
	b := &bench{root: root, folder: t.TempDir(), out: filepath.Join(root, "build", "browser-steer")}
	b.need(t)
	if err := os.MkdirAll(b.out, 0o777); err != nil {
		t.Fatal(err)
	}
	notebook, err := json.Marshal(map[string]any{
		"nbformat": 4, "nbformat_minor": 5,
		"metadata": map[string]any{"kernelspec": map[string]string{"name": "gotriovit", "display_name": "Go (Trio-ViT)", "language": "go"}},
		"cells":    []any{map[string]any{"id": "steer", "cell_type": "code", "source": steering, "metadata": map[string]any{}, "outputs": []any{}, "execution_count": nil}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.folder, "steer.ipynb"), notebook, 0o666); err != nil {
		t.Fatal(err)
	}
	first := b.startLab(t)
	seen := b.look(t, page{Name: "steer/run", URL: first.notebook("steer"), Lab: true, Run: true, Steer: true, JavaScript: true})
	seen.judge(t, b.saved(t, "steer"), true)
	if len(seen.Steps) != 3 {
		t.Fatalf("%d steps, want 3", len(seen.Steps))
	}
	for i, want := range []string{"6", "7", "8"} {
		s := seen.Steps[i]
		if s.Value != want || !s.Changed {
			t.Errorf("step %d shows %q, want %q; the chart changed: %v", i+1, s.Value, want, s.Changed)
		}
		t.Logf("step %d took %.1f ms", i+1, s.MS)
	}
	first.stop(t)
	second := b.startLab(t)
	b.look(t, page{Name: "steer/untrusted", URL: second.notebook("steer"), Lab: true, JavaScript: true}).judge(t, b.saved(t, "steer"), false)
	second.stop(t)
}
