// SPDX-License-Identifier: Apache-2.0

// Package hub finds checkpoints by their names on the Hugging Face hub, where
// timm and the authors of EfficientViT publish them, and keeps them on disk.
//
// A notebook that says "timm/efficientvit_b1.r224_in1k" should run anywhere: on
// a laptop with a network, on one without, on a cluster where a colleague has
// already filled the cache with Python. So a [Ref] names a file, a [Client]
// returns the path of its copy, and the copies lie as Python's huggingface_hub
// lays them (blobs, snapshots, refs), so that each finds the other's:
//
//	ref, err := hub.Parse("timm/efficientvit_b1.r224_in1k")
//	if err != nil { ... }
//	client, err := hub.FromEnvironment()
//	if err != nil { ... }
//	path, err := client.Fetch(ctx, ref)
//
// One request resolves the revision, lists the files and tells their checksums;
// a second one downloads. A download that is cut goes on where it stopped, in
// this process or the next one, and takes its name only when its checksum is
// right: a file in the cache is whole. Without a network, or with
// HF_HUB_OFFLINE=1, what the cache has is used.
//
// The answers of a hub are not trusted: names that leave the cache's folder,
// checksums that are none and files of more than 1 GiB are refused, and a token
// goes to the endpoint alone, never to the host it redirects to.
package hub
