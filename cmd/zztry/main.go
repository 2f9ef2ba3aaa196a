package main
import (
	"context"
	"fmt"
	"time"
	"github.com/gotriovit/gotriovit/calib"
	"github.com/gotriovit/gotriovit/calib/tables"
	"github.com/gotriovit/gotriovit/triovit"
	"github.com/gotriovit/gotriovit/triovit/dataset"
	"github.com/gotriovit/gotriovit/triovit/must"
)
func main(){
	ctx:=context.Background()
	s:=must.M1(triovit.FromEnvironment(ctx))
	t:=time.Now()
	some:=must.M1(dataset.Spread(s.Evaluation,25))
	fmt.Println(must.M1(tables.Alone(ctx,s.Folded,s.Calibration,some,8,7,6,5,4)))
	fmt.Println(time.Since(t)); t=time.Now()
	fmt.Println(must.M1(calib.RunLadder(ctx,s.Folded,s.Calibration,s.Evaluation,calib.DivisorLadder)))
	fmt.Println(time.Since(t)); t=time.Now()
	some=must.M1(dataset.Spread(s.Evaluation,50))
	fmt.Println(must.M1(tables.Curves(ctx,s.Folded,s.Calibration,some,[]int{8,7,6,5,4},calib.Vanilla,calib.ShiftingOnly,calib.MigrationOnly,calib.MBConv)))
	fmt.Println(time.Since(t)); t=time.Now()
	c:=must.M1(calib.RunLadder(ctx,s.Folded,s.Calibration,s.Evaluation,calib.Ladder))
	fmt.Println(c)
	fmt.Println(c.Compare("Migration","MBConv"))
	fmt.Println(time.Since(t))
	p:=must.M1(calib.Observe(ctx,s.Folded,s.Calibration))
	fmt.Print(calib.SpreadTable(must.M1(p.Spreads(s.Folded.Net, 8)), 12))
}
