// Checks a log folder with golang.org/x/mod/sumdb alone: nothing of Interlock is in it.
//
//	check DIR VKEY_FILE
//
// The checkpoint is opened as a note. Every leaf's hash is read through tlog.TileHashReader, which compares each tile
// with the signed root; every entry is hashed and compared with its leaf. Exit status 0 says that all of it holds.
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: check DIR VKEY_FILE")
		os.Exit(64)
	}
	tree, err := check(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Println("not verified:", err)
		os.Exit(2)
	}
	fmt.Printf("verified: %d entries, root %s\n", tree.N, tree.Hash)
}

func check(dir, vkeyFile string) (tlog.Tree, error) {
	tree, err := openCheckpoint(dir, vkeyFile)
	if err != nil {
		return tree, err
	}
	// The root of the empty tree is not read from tiles; old releases of tlog give another one than RFC 6962.
	if tree.N == 0 {
		if tree.Hash != sha256.Sum256(nil) {
			return tree, errors.New("the empty tree has another root")
		}
		return tree, nil
	}
	hashes := tlog.TileHashReader(tree, tileFolder(dir))
	for first := int64(0); first < tree.N; first += tileWidth {
		width := tree.N - first
		if width > tileWidth {
			width = tileWidth
		}
		if err := checkBundle(dir, hashes, first, int(width)); err != nil {
			return tree, err
		}
	}
	return tree, checkEveryTile(dir, tree, hashes)
}

func openCheckpoint(dir, vkeyFile string) (tlog.Tree, error) {
	var tree tlog.Tree
	vkey, err := os.ReadFile(vkeyFile)
	if err != nil {
		return tree, err
	}
	verifier, err := note.NewVerifier(strings.TrimSuffix(string(vkey), "\n"))
	if err != nil {
		return tree, err
	}
	signed, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tree, errors.New("a checkpoint has three lines")
	}
	if lines[0] != verifier.Name() {
		return tree, fmt.Errorf("a checkpoint of %q", lines[0])
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

func checkBundle(dir string, hashes tlog.HashReader, first int64, width int) error {
	indexes := make([]int64, width)
	for at := range indexes {
		indexes[at] = tlog.StoredHashIndex(0, first+int64(at))
	}
	leaves, err := hashes.ReadHashes(indexes)
	if err != nil {
		return err
	}
	tile := tlog.Tile{H: tileHeight, L: -1, N: first / tileWidth, W: width}
	bundle, err := os.ReadFile(filepath.Join(dir, folderPath(tile)))
	if err != nil {
		return err
	}
	for at, leaf := range leaves {
		if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
			return fmt.Errorf("%s ends inside of entry %d", folderPath(tile), first+int64(at))
		}
		end := 2 + int(binary.BigEndian.Uint16(bundle))
		if tlog.RecordHash(bundle[2:end]) != leaf {
			return fmt.Errorf("entry %d does not hash to its leaf", first+int64(at))
		}
		bundle = bundle[end:]
	}
	if len(bundle) != 0 {
		return fmt.Errorf("%s has bytes after its last entry", folderPath(tile))
	}
	return nil
}

// checkEveryTile compares each tile's file with the hashes that the tree has there.
func checkEveryTile(dir string, tree tlog.Tree, hashes tlog.HashReader) error {
	for _, tile := range tlog.NewTiles(tileHeight, 0, tree.N) {
		// Some releases list the partial tiles of all smaller trees too.
		edge := tree.N >> (tileHeight * tile.L) % tileWidth
		if tile.W != tileWidth && int64(tile.W) != edge {
			continue
		}
		wanted, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			return err
		}
		found, err := os.ReadFile(filepath.Join(dir, folderPath(tile)))
		if err != nil {
			return err
		}
		if string(found) != string(wanted) {
			return fmt.Errorf("%s is not the tile of this tree", folderPath(tile))
		}
	}
	return nil
}

// tileFolder reads tiles as C2SP tlog-tiles lays them out.
type tileFolder string

func (dir tileFolder) Height() int                     { return tileHeight }
func (dir tileFolder) SaveTiles([]tlog.Tile, [][]byte) {}
func (dir tileFolder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		data, err := os.ReadFile(filepath.Join(string(dir), folderPath(tile)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

// folderPath is tlog's own path without the height, with tlog-tiles' word for entries.
func folderPath(tile tlog.Tile) string {
	path := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight))
	return "tile/" + strings.Replace(path, "data/", "entries/", 1)
}
