// SPDX-License-Identifier: Apache-2.0

package register

import (
	"bufio"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestVCD: a dump that is read back has the registers of every cycle.
func TestVCD(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := drawEngines(t, false)
		c.RMAC.MACs *= rapid.SampledFrom([]int{1, 40}).Draw(t, "times R-MAC MACs") // the registers have names of one and of two characters
		x, dw, pw := random(1, -128, 127, 3, 4, 10), conv(2, 1, 10, 3, 1, 10), conv(3, 10, 7, 1, 1, 1)
		var file strings.Builder
		dump := NewVCD(&file, c)
		var want []string // a line per cycle
		_, trace, err := InterLayer(c, x, dw, Units{toCodes}, pw, dump.Watch, func(r Registers) {
			all := append([]int32{}, r.MAT...)
			for _, lane := range r.RMAC {
				all = append(all, lane...)
			}
			want = append(want, fmt.Sprint(r.Cycle*5000, all))
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := dump.Close(); err != nil {
			t.Fatal(err)
		}
		if int64(len(want)) != trace.Cycles {
			t.Errorf("%d cycles watched of %d", len(want), trace.Cycles)
		}
		checkEqual(t, readVCD(t, file.String()), want)
	})
}

// readVCD returns each time and the registers at it, without the first and the last time.
func readVCD(t rapid.TB, file string) []string {
	var names []string
	values := make(map[string]int32)
	var lines []string
	time := ""
	for s := bufio.NewScanner(strings.NewReader(file)); s.Scan(); {
		word := strings.Fields(s.Text())
		switch {
		case word[0] == "$var":
			if _, twice := values[word[3]]; twice {
				t.Errorf("the name %q is given twice", word[3])
			}
			names = append(names, word[3])
			values[word[3]] = 0
		case word[0][0] == '#':
			if time != "" && time != "0" {
				all := make([]int32, len(names))
				for i, name := range names {
					all[i] = values[name]
				}
				lines = append(lines, fmt.Sprint(time, " ", all))
			}
			time = word[0][1:]
		case word[0][0] == 'b':
			n, err := strconv.ParseUint(word[0][1:], 2, 32)
			if err != nil {
				t.Fatal(err)
			}
			values[word[1]] = int32(n)
		}
	}
	return lines
}

// full is a writer to a full disk.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestVCDError(t *testing.T) {
	err := NewVCD(full{}, engines(2, 2, 2, 2)).Close()
	if want := "register: value change dump: no space left"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
