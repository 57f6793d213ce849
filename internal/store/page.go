package store

import "github.com/xuegong/xuegong/internal/errs"

// Page is which part of a list is read: what comes behind the entry with the public id
// After ("" for the beginning), at most Limit of it.
type Page struct {
	After string
	Limit int
}

// ErrNoPage is what a caller reads whose After is in no list of theirs.
var ErrNoPage = errs.Field("after", "接着的那一条已经不在名单里，请从第一页开始。")

// ReadPage reads a page of a list and returns what the page that follows comes after, ""
// at the end. read is asked for one entry more than the page has, which tells whether
// another follows; listed, where nothing came behind After, whether that entry is there.
func ReadPage[T any](p Page, key func(T) string, read func(limit int) ([]T, error), listed func() (bool, error)) (list []T, next string, err error) {
	if list, err = read(p.Limit + 1); err != nil {
		return nil, "", err
	}
	if len(list) == 0 && p.After != "" {
		switch ok, err := listed(); {
		case err != nil:
			return nil, "", err
		case !ok:
			return nil, "", ErrNoPage
		}
	}
	if len(list) > p.Limit {
		list = list[:p.Limit]
		next = key(list[p.Limit-1])
	}
	return list, next, nil
}
