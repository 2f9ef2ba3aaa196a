// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/gotriovit/gotriovit/internal/paper"
)

// Agreement returns a sentence on the table's numbers for the paper's own accelerator, or
// its companion's, where one is computed for the same network: the printed number, the
// computed one, and their difference.
func (t *Table) Agreement() string {
	known, all := 0, 0
	var told []string
	for _, p := range t.Printed {
		own := strings.HasPrefix(p.Name, paper.TrioViT) || strings.HasPrefix(p.Name, paper.Companion)
		for column, name := range t.Columns {
			n := p.Numbers[column]
			if !own || n.Mark == "" {
				continue
			}
			all++
			if math.IsNaN(n.Value) {
				continue
			}
			known++
			i := slices.IndexFunc(t.Computed, func(c Row) bool {
				v := c.Numbers[column].Value
				return strings.EqualFold(c.Network, p.Network) && c.Numbers[column].Mark != "" && !math.IsNaN(v)
			})
			if i < 0 {
				continue
			}
			c := t.Computed[i].Numbers[column]
			told = append(told, fmt.Sprintf("%s of %s %.5g [%s], %.5g computed (%+.1f %%)", name, p.Name, n.Value, n.Mark, c.Value, 100*(c.Value/n.Value-1)))
		}
	}
	text := fmt.Sprintf("**%s.** Of %d numbers of the paper's own design %d are at hand", t.Title, all, known)
	if len(told) == 0 {
		return text + ", none of which is computed here too."
	}
	return text + ": " + strings.Join(told, "; ") + "."
}
