package dialogue

import "maps"

// instead is the press that leaves this dialogue for Question.Instead.
const instead Word = "instead"

// Instead is what else can be done where nothing fits: the dialogue ends for it and hands
// over what was wanted.
type Instead struct {
	Intent string
	Label  string // of the button
}

// offerInstead adds the button to where what was wanted is not to be had.
func (t *turn) offerInstead(q Question, r *Reply) {
	if q.Instead.Label != "" {
		r.Buttons = append(r.Buttons, Button{instead.Key(), q.Instead.Label})
	}
}

// leaves takes the press, or the words, that want what is offered instead.
func (t *turn) leaves(q Question) bool {
	if q.Instead.Intent == "" || t.in.Word != instead && (t.unseen || t.in.Intent != q.Instead.Intent) {
		return false
	}
	t.left = q.Instead.Intent
	t.leftWith = t.wantedInVain()
	return true
}

// wantedInVain is what was chosen so far, and the times named now or in vain.
func (t *turn) wantedInVain() Wish {
	w := Wish{Names: map[string][]string{}, NotNames: turnedDown(t.state.Wish.NotNames, t.in.Wish), Times: t.state.Vain.Times, Hours: t.state.Vain.Hours}
	for _, p := range t.script.Steps {
		if a, ok := t.state.Answers[p.Name]; ok && p.Kind == Choice {
			w.Names[p.Name] = []string{a.Value}
		}
	}
	maps.Copy(w.Names, t.in.Names)
	if len(t.in.Times) > 0 {
		w.Times, w.Hours = t.in.Times, nil
	}
	return w
}
