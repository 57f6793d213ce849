package bot

import (
	"strings"
	"testing"
)

func TestTheEarHearsCrisisAndNothingElse(t *testing.T) {
	t.Parallel()
	e := newEar()
	for _, w := range append(strings.Fields(crisisWords), "活着真的好没意思", "想 自 殺", "我真的撑不住了", "割手腕") {
		if !e.crisis("我" + w + "了") {
			t.Errorf("%s is not heard", w)
		}
	}
	for _, s := range []string{"我想约苏老师", "好累啊", "太晚了", "想家"} {
		if e.crisis(s) {
			t.Errorf("%s is taken for crisis", s)
		}
	}
}

func BenchmarkEar(b *testing.B) {
	e := newEar()
	for b.Loop() {
		e.crisis("我想约后天下午三点苏晴老师可以吗谢谢")
	}
}
