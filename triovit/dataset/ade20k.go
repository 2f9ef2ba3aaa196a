// SPDX-License-Identifier: Apache-2.0

package dataset

import (
	"context"
	"fmt"
	"image/color"
	"strings"

	"github.com/gotriovit/gotriovit/triovit/preprocess"
)

// ADE20K returns the scenes of a split of the scene parsing benchmark, "training" or
// "validation". The pictures are images/split/*.jpg in dir. The labels are
// annotations/split/*.png, of the same names and sizes. Label 1 to 150 is a class.
// Label 0 stands for other objects and becomes [Ignore].
//
// A network's logits are resized bicubically to the labels, as the reference does it.
// The reference gives the network each picture at its own size, with a shorter side of
// 512 pixels. A network of this project has one size, so a pipeline such as
// preprocess.Fixed(512, 512, preprocess.Bicubic) is close to that protocol but not
// equal to it.
func ADE20K(ctx context.Context, dir, split string, p preprocess.Pipeline, options ...Option) (Dataset, error) {
	d, err := ade20k(ctx, dir, split, p, options)
	if err != nil {
		return nil, fmt.Errorf("ADE20K: %w", err)
	}
	return d, nil
}

func ade20k(ctx context.Context, dir, split string, p preprocess.Pipeline, options []Option) (*files, error) {
	if err := checkWhole(p); err != nil {
		return nil, err
	}
	class := map[uint8]uint8{}
	for i := range ADE20KClasses {
		class[uint8(i+1)] = uint8(i)
	}
	d := &files{
		name: "ADE20K " + split, task: Segmentation, classes: names(ADE20KClasses[:]), dir: dir, pipeline: p,
		coding: newCoding("0 for other objects, and 1 to 150", class, 0).sized(0, 0, preprocess.Bicubic),
	}
	if err := d.pair("images/"+split, "annotations/"+split); err != nil {
		return nil, err
	}
	return d, d.seal(ctx, apply(options))
}

// ADE20KClasses are the 150 classes of the scene parsing benchmark in the order of
// their labels, which begin at 1 (Zhou et al., Scene Parsing through ADE20K Dataset,
// 2017). The names are the first words of objectInfo150.txt. The colours are those that
// Pascal VOC gives to the numbers of classes.
var ADE20KClasses = func() (classes [150]Class) {
	for i, name := range strings.Split(ade20kNames, ",") {
		classes[i] = Class{name, numbered(i + 1)}
	}
	return classes
}()

const ade20kNames = "wall,building,sky,floor,tree,ceiling,road,bed,windowpane,grass,cabinet,sidewalk,person,earth,door," +
	"table,mountain,plant,curtain,chair,car,water,painting,sofa,shelf,house,sea,mirror,rug,field,armchair,seat,fence,desk," +
	"rock,wardrobe,lamp,bathtub,railing,cushion,base,box,column,signboard,chest of drawers,counter,sand,sink,skyscraper," +
	"fireplace,refrigerator,grandstand,path,stairs,runway,case,pool table,pillow,screen door,stairway,river,bridge,bookcase," +
	"blind,coffee table,toilet,flower,book,hill,bench,countertop,stove,palm,kitchen island,computer,swivel chair,boat,bar," +
	"arcade machine,hovel,bus,towel,light,truck,tower,chandelier,awning,streetlight,booth,television receiver,airplane," +
	"dirt track,apparel,pole,land,bannister,escalator,ottoman,bottle,buffet,poster,stage,van,ship,fountain,conveyer belt," +
	"canopy,washer,plaything,swimming pool,stool,barrel,basket,waterfall,tent,bag,minibike,cradle,oven,ball,food,step,tank," +
	"trade name,microwave,pot,animal,bicycle,lake,dishwasher,screen,blanket,sculpture,hood,sconce,vase,traffic light,tray," +
	"ashcan,fan,pier,crt screen,plate,monitor,bulletin board,shower,radiator,glass,clock,flag"

// numbered returns Pascal VOC's colour of a class number. The lowest three bits of the
// number become the highest bits of red, green and blue. The next three bits become the
// second highest bits, and so on.
func numbered(n int) color.RGBA {
	var c [3]uint8
	for bit := range 8 * 3 {
		c[bit%3] |= uint8(n>>bit&1) << (7 - bit/3)
	}
	return color.RGBA{c[0], c[1], c[2], 255}
}
