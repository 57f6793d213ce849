package desk

import "github.com/xuegong/xuegong/internal/counselling"

// waitlist is the queue of three: one with an offer, one passed over, one being asked.
func (s teller) waitlist(refusal error) *Waitlist {
	p := &Waitlist{Base: s.base("排队", "/desk/counselling/waitlist"), CanRun: true, Free: []counselling.Slot{s.slot(2, 9, 1, 0), s.slot(3, 14, 1, 0)}}
	if refusal != nil {
		p.Base = s.refused(p.Base, refusal)
	}
	p.Form = Form{"slot": p.Free[1].PublicID, "wait": "w2"}
	for i, w := range []counselling.Wait{
		{PublicID: "w1", Student: counselling.Student{Name: "张晓雨", Number: "20241101", College: "文学院"}, Offer: &counselling.Offer{Slot: s.slot(1, 15, 1, 1), Until: s.at(0, 10)}},
		{PublicID: "w2", Name: "顾远帆", Student: counselling.Student{Name: "欧阳思远", Number: "20241102", College: "文学院"}, Want: counselling.Want{Part: counselling.Afternoon}, Skipped: "预约暂停到 10月29日（周四），那天起接着问"},
		{PublicID: "w3", Student: counselling.Student{Name: "李想", Number: "20241103", College: "理学院"}, Want: counselling.Want{Earlier: true}, AskedAt: s.now},
	} {
		w.Place, w.Since, w.State = i+1, s.now.AddDate(0, 0, i-4), counselling.InQueue
		if w.Want.Part == "" {
			w.Want.Part = counselling.AnyPart
		}
		p.List = append(p.List, Waiting{w, w.Says(s.now.Location())})
	}
	return p
}
