// Package sample is 示例大学, the school that the demo and the tests live in. Every
// name, number and text in it is invented.
//
// Load puts it into an empty database through the same verbs a real school uses: the
// list of persons is imported, the calendar filled, roles are granted, the centre's by
// two persons, its hours follow rules, and a few students book. A school that is already
// there is kept as it is; its hours are planned anew, so that a demo started a month
// later still has some. Apply adds what students applied for over the last two weeks,
// each act in its time. A school founded at its night has no quiet hours: who tries the
// demo then is answered as by day.
//
// Who is who (Cast returns the same table):
//
//	userid    who        what to see with them
//	s01       张晓雨      student, 文学院 2024; has not read the notice yet, books first
//	s02–s04   李沐阳 王思齐 赵可心   students who read the notice and can book at once
//	s05       许知遥      student with a confirmed hour
//	s06       程一诺      student whose hour waits for the centre
//	s07       陶然       student who cancelled an hour
//	s08       梁予安      student whose hour was declined with a reason
//	s11       何雨桐      student whose 实习补贴 waits for the 辅导员 (t14)
//	s21       邓雨桐      student whose 实习补贴 came back: the tickets again
//	s22       萧浩然      student whose 实习补贴 lacks a paper at the counter
//	s28       袁浩然      student who was paid 技能证书扶持
//	s33       周诗涵      student whose papers did not come in time
//	s49       韩诗涵      student whose certificate is printed and waits
//	s281      (generated) student on leave (休学): reads why nothing can be done now
//	s01–s300             300 students of ten classes; s01–s280 are all 在籍
//	t01–t04   苏晴 顾远帆 叶知秋 许明朗   counsellors of 成长中心, both campuses
//	t05       林若谷      head of 成长中心
//	t06       方小满      front desk of 成长中心
//	t07       周海宁      Admin: settings, imports, roles
//	t08       陈立夏      office, 学工处
//	t09       何秋白      office, 学生资助管理中心
//	t10       沈嘉木      office, 勤工助学中心
//	t11       陆一舟      office, 学生事务中心
//	t12 t13   宋清和 唐予怀   offices of 文学院 and 信息学院
//	t14–t23              辅导员, one a class
//	t24       程景行      office_head, 勤工助学中心: confirms what is paid
//	u01       吴桐       in WeCom, not bound: the desk binds him to 20260302 by hand
//	20260301  秦朗       not bound until the first entry, then by the number
//	g01       罗锦程      graduated: reads that the services have ended
package sample
