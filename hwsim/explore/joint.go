// SPDX-License-Identifier: Apache-2.0

package explore

import (
	"fmt"

	"github.com/gotriovit/gotriovit/hwsim/arch"
)

// A Joint is one configuration for all workloads of a survey.
type Joint struct {
	Config arch.Config
	DSPs   int
	// Times is the ratio of its pictures per second to the reference's, for Workload,
	// which gains the least.
	Times    float64
	Workload string
}

// Joint compares each configuration with a reference, which must be one of the survey's,
// by the workload that gains the least. A configuration that cannot run every workload is
// left out. The order is that of the points.
func (v *Survey) Joint(reference arch.Config) ([]Joint, error) {
	fps := make(map[string]float64)
	ran := make(map[arch.Config]int)
	for i := range v.Points {
		p := &v.Points[i]
		if ran[p.Config]++; p.Config == reference {
			fps[p.Workload] = p.FPS
		}
	}
	workloads := len(v.Workloads())
	if len(fps) != workloads || workloads == 0 {
		return nil, fmt.Errorf("explore: configuration %q has points of %d workloads: to be a reference it needs all %d of the survey's", reference.Name, len(fps), workloads)
	}
	var list []Joint
	index := make(map[arch.Config]int)
	for i := range v.Points {
		p := &v.Points[i]
		if ran[p.Config] != workloads {
			continue
		}
		j, ok := index[p.Config]
		if !ok {
			j = len(list)
			index[p.Config] = j
			list = append(list, Joint{Config: p.Config, DSPs: p.DSPs})
		}
		if times := p.FPS / fps[p.Workload]; !ok || times < list[j].Times {
			list[j].Times, list[j].Workload = times, p.Workload
		}
	}
	return list, nil
}
