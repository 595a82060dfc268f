// Asks Go's own transparency log library (golang.org/x/mod/sumdb) about our notes, proofs and tiles.
//
// Standard input: one question a line, in JSON. Standard output: one answer a line, "ok" or what is wrong.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Ask     string
	VKey    string
	Note    []byte
	Text    []byte
	Size    int64
	Root    []byte
	Index   int64  // of the entry; the size of the older tree for "tree"
	Hash    []byte // of the entry; the root of the older tree for "tree"
	Entries [][]byte
	Proof   [][]byte
	Tiles   map[string][]byte
}

func (q question) Height() int                                { return 8 }
func (q question) SaveTiles(tiles []tlog.Tile, data [][]byte) {}

func (q question) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var rows [][]byte
	for _, tile := range tiles {
		row := q.Tiles[fmt.Sprintf("%d/%d", tile.L, tile.N)]
		if len(row) < tile.W*tlog.HashSize {
			return nil, fmt.Errorf("tile %v has %d bytes", tile, len(row))
		}
		rows = append(rows, row[:tile.W*tlog.HashSize])
	}
	return rows, nil
}

func hash(b []byte) (h tlog.Hash) {
	copy(h[:], b)
	return h
}

func hashes(bs [][]byte) (hs []tlog.Hash) {
	for _, b := range bs {
		hs = append(hs, hash(b))
	}
	return hs
}

func answer(q question) error {
	switch q.Ask {
	case "note":
		verifier, err := note.NewVerifier(q.VKey)
		if err != nil {
			return err
		}
		opened, err := note.Open(q.Note, note.VerifierList(verifier))
		if err == nil && !bytes.Equal([]byte(opened.Text), q.Text) {
			err = fmt.Errorf("another text")
		}
		return err
	case "record":
		return tlog.CheckRecord(hashes(q.Proof), q.Size, hash(q.Root), q.Index, hash(q.Hash))
	case "tree":
		return tlog.CheckTree(hashes(q.Proof), q.Size, hash(q.Root), q.Index, hash(q.Hash))
	case "tiles":
		reader := tlog.TileHashReader(tlog.Tree{N: q.Size, Hash: hash(q.Root)}, q)
		for index, entry := range q.Entries {
			got, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
			if err != nil {
				return err
			}
			if got[0] != tlog.RecordHash(entry) {
				return fmt.Errorf("entry %d is not in the tiles", index)
			}
		}
		return nil
	}
	return fmt.Errorf("unknown question %q", q.Ask)
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		var q question
		err := json.Unmarshal(lines.Bytes(), &q)
		if err == nil {
			err = answer(q)
		}
		if err != nil {
			fmt.Println(err)
		} else {
			fmt.Println("ok")
		}
	}
}
