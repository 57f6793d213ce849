// What every page of the desk does with scripts.
(function () {
	'use strict';

	// One press is one submit.
	document.addEventListener('submit', function (e) {
		if (e.target.hasAttribute('hx-post') || e.target.hasAttribute('data-download')) { // the page stays
			return;
		}
		if (e.target.dataset.sent) {
			e.preventDefault();
			return;
		}
		e.target.dataset.sent = '1';
	});
	window.addEventListener('pageshow', function (e) {
		if (e.persisted) {
			document.querySelectorAll('form[data-sent]').forEach(function (form) { delete form.dataset.sent; });
		}
	});
})();

// The keyboard: / search, j k move, Enter open, x choose, a and r act, ? this list.
(function () {
	'use strict';

	function rows() { return Array.prototype.slice.call(document.querySelectorAll('a.row__link, a[data-row]')); }

	function move(by) {
		var all = rows();
		var at = all.indexOf(document.activeElement);
		if (at < 0) {
			at = all.findIndex(function (r) { return r.getAttribute('aria-current') || r.classList.contains('is-open'); });
		}
		var next = all[Math.max(0, Math.min(all.length - 1, at + by))];
		if (next) {
			next.focus();
			next.scrollIntoView({ block: 'nearest' });
		}
	}

	function choose() {
		var row = document.activeElement.closest('.row') || document.querySelector('.row.is-open');
		var box = row && row.querySelector('input[type=checkbox]');
		if (box) { box.click(); }
	}

	// act opens what a key stands for and leads on to what it asks.
	function act(key) {
		var row = document.activeElement.closest('.row');
		var press = row && row.querySelector('[data-press="' + key + '"]');
		if (press) { press.click(); return true; }
		var at = document.querySelector('[data-key="' + key + '"]');
		if (!at) { return false; }
		if (at.tagName === 'A') { at.click(); return true; }
		if (at.tagName !== 'SUMMARY') {
			at.focus();
			at.select();
			return true;
		}
		var box = at.parentElement;
		box.open = !box.open;
		var first = box.open && box.querySelector('input:not([type=hidden]), button');
		(first || at).focus();
		return true;
	}

	function close() {
		var leave = document.querySelector('[data-leave]');
		if (leave) { leave.click(); return; }
		var open = document.querySelectorAll('details.ask[open]');
		var from = document.activeElement && document.activeElement.closest('details.ask[open]');
		open.forEach(function (d) { d.open = false; });
		if (from) {
			from.querySelector('summary').focus(); // back to where it was opened
		} else if (document.activeElement) {
			document.activeElement.blur();
		}
	}

	document.addEventListener('keydown', function (e) {
		if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing) { return; }
		if (e.key === 'Escape') { close(); return; }
		if (e.target.closest('input:not([type=checkbox]):not([type=radio]), textarea, select')) { return; }
		if (e.key === 'Enter' && rows().indexOf(document.activeElement) >= 0) { sessionStorage.setItem('by-key', location.pathname); }
		var did = true;
		switch (e.key) {
		case 'j': move(1); break;
		case 'k': move(-1); break;
		case 'x': choose(); break;
		case '/': case 'a': case 'r': case '?': did = act(e.key); break;
		default: did = false;
		}
		if (did) { e.preventDefault(); }
	});

	// Enter in an input asks first, too.
	document.addEventListener('submit', function (e) {
		var ask = e.submitter && e.submitter.closest('details.ask');
		if (ask && !ask.open) {
			e.preventDefault();
			e.stopPropagation();
			ask.open = true;
			e.submitter.focus();
		}
	}, true);

	// A press beside a question closes it.
	document.addEventListener('click', function (e) {
		document.querySelectorAll('details.ask[open]').forEach(function (d) {
			if (!d.contains(e.target)) { d.open = false; }
		});
	});

	// How many are chosen stands on the button that acts on them.
	document.querySelectorAll('[data-chosen]').forEach(function (out) {
		var form = out.getAttribute('data-chosen');
		function count() {
			var n = document.querySelectorAll('input[type=checkbox][form="' + form + '"]:checked').length;
			var none = out.getAttribute('data-none');
			out.textContent = none ? (n ? '已选 ' + n + ' 份' : none) : (n ? '（' + n + '）' : '');
		}
		document.addEventListener('change', count);
		count();
	});

	// One box ticks those of the page.
	document.querySelectorAll('[data-page]').forEach(function (label) {
		var box = label.querySelector('input');
		label.hidden = false;
		function each() { return document.querySelectorAll('input[type=checkbox][form="' + label.getAttribute('data-page') + '"]'); }
		box.addEventListener('change', function () { each().forEach(function (b) { b.checked = box.checked; }); });
		document.addEventListener('change', function () {
			var list = Array.prototype.slice.call(each());
			box.checked = list.length > 0 && list.every(function (b) { return b.checked; });
		});
	});

	// Whoever works with the keyboard goes on where the page has something to say, else at
	// the row that was opened.
	var said = document.querySelector('main > .say');
	var opened = sessionStorage.getItem('by-key') === location.pathname && document.querySelector('a.row__link[aria-current]');
	sessionStorage.removeItem('by-key');
	if (document.activeElement === document.body && (said || opened)) {
		if (said) { said.tabIndex = -1; }
		(said || opened).focus({ preventScroll: true });
	}

	// The page one is on can be seen among the others.
	var item = document.querySelector('.side__item.is-here');
	if (item) { item.closest('.side').scrollTop = item.offsetTop - window.innerHeight / 2; }

	// Opening one row leaves the list where it was.
	var place = 'scroll:' + location.pathname;
	window.addEventListener('pagehide', function () { sessionStorage.setItem(place, String(window.scrollY)); });
	var y = Number(sessionStorage.getItem(place));
	if (y && /[?&](booking|person|hour|counsellor|application)=/.test(location.search)) { window.scrollTo(0, y); }
})();

// A picture opens over the page, to be made larger and turned; without scripts it opens
// beside it.
(function () {
	'use strict';

	function button(word, press) {
		var b = document.createElement('button');
		b.type = 'button';
		b.className = 'button';
		b.textContent = word;
		b.addEventListener('click', press);
		return b;
	}

	function show(link) {
		var links = Array.prototype.slice.call(document.querySelectorAll('a[data-picture]'));
		var at = links.indexOf(link), turn = 0;
		var box = document.createElement('dialog');
		box.className = 'viewer';
		var stage = document.createElement('div');
		stage.className = 'viewer__stage';
		var picture = document.createElement('img');
		stage.append(picture);
		var which = document.createElement('p');
		which.className = 'viewer__which';
		which.setAttribute('role', 'status');
		var large = button('放大', function () { enlarge(box.classList.toggle('is-large')); });

		function enlarge(is) {
			box.classList.toggle('is-large', is);
			large.textContent = is ? '看全图' : '放大';
		}

		function rotate(to) {
			box.classList.remove('turn-' + turn);
			turn = to % 4;
			box.classList.add('turn-' + turn);
		}

		function open(i) {
			at = (i + links.length) % links.length;
			picture.src = links[at].href;
			picture.alt = links[at].querySelector('img').alt;
			which.textContent = picture.alt + (links.length > 1 ? '，这里共 ' + links.length + ' 张' : '');
			rotate(0);
			enlarge(false);
		}

		var acts = document.createElement('div');
		acts.className = 'viewer__acts';
		if (links.length > 1) {
			acts.append(button('上一张', function () { open(at - 1); }), button('下一张', function () { open(at + 1); }));
		}
		acts.append(large, button('旋转', function () { rotate(turn + 1); }), button('关闭', function () { box.close(); }), which);
		box.append(stage, acts);
		// The page under it does not hear the keys.
		box.addEventListener('keydown', function (e) {
			e.stopPropagation();
			switch (e.key) {
			case 'ArrowRight': case 'j': open(at + 1); break;
			case 'ArrowLeft': case 'k': open(at - 1); break;
			default: return;
			}
			e.preventDefault();
		});
		box.addEventListener('close', function () { box.remove(); links[at].focus(); });
		document.body.append(box);
		open(at);
		box.showModal();
	}

	document.addEventListener('click', function (e) {
		var link = e.target.closest('a[data-picture]');
		if (link && !e.ctrlKey && !e.metaKey && !e.shiftKey) {
			e.preventDefault();
			show(link);
		}
	});
})();

// The centre's week: arrows move among the hours, m takes a booking to another one, and
// so does dragging it there. Both lead to the page that says what follows and asks.
(function () {
	'use strict';

	var cells = Array.prototype.slice.call(document.querySelectorAll('[data-day]'));
	if (!cells.length) { return; }

	function here() {
		return cells.indexOf(document.activeElement) >= 0 ? document.activeElement : document.querySelector('[data-day][aria-current]') || cells[0];
	}

	function day(cell) { return Number(cell.getAttribute('data-day')); }

	function top(cell) { return cell.getBoundingClientRect().top; }

	function aside(step) {
		var at = here();
		for (var d = day(at) + step; d >= 0 && d < 7; d += step) {
			var column = cells.filter(function (c) { return day(c) === d; });
			if (column.length) {
				return column.reduce(function (a, b) { return Math.abs(top(b) - top(at)) < Math.abs(top(a) - top(at)) ? b : a; });
			}
		}
		return at;
	}

	function along(step) {
		var column = cells.filter(function (c) { return day(c) === day(here()); });
		return column[column.indexOf(here()) + step] || here();
	}

	function go(cell) {
		cell.focus();
		cell.scrollIntoView({ block: 'nearest' });
	}

	document.addEventListener('keydown', function (e) {
		if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || e.target.closest('input, textarea, select')) { return; }
		var move = document.activeElement && document.activeElement.getAttribute('data-move');
		var leads = document.querySelector('[data-key="m"]');
		switch (e.key) {
		case 'ArrowLeft': go(aside(-1)); break;
		case 'ArrowRight': go(aside(1)); break;
		case 'ArrowUp': go(along(-1)); break;
		case 'ArrowDown': go(along(1)); break;
		case 'm':
			if (move) { location.assign(move); } else if (leads) { leads.click(); }
			break;
		default: return;
		}
		e.preventDefault();
	});

	if (document.querySelector('[data-choosing]') && document.activeElement === document.body) { go(cells[0]); }

	var dragged = null;
	document.addEventListener('dragstart', function (e) {
		dragged = e.target.closest && e.target.closest('[data-move]');
		if (!dragged) { return; }
		e.dataTransfer.setData('text/plain', dragged.textContent);
		document.body.classList.add('is-dragging');
	});
	document.addEventListener('dragend', function () {
		dragged = null;
		document.body.classList.remove('is-dragging');
	});
	document.querySelectorAll('[data-slot]').forEach(function (hour) {
		hour.addEventListener('dragover', function (e) {
			if (!dragged || hour.contains(dragged)) { return; }
			e.preventDefault();
			hour.classList.add('is-over');
		});
		hour.addEventListener('dragleave', function () { hour.classList.remove('is-over'); });
		hour.addEventListener('drop', function (e) {
			e.preventDefault();
			if (dragged) { location.assign(dragged.getAttribute('data-move') + '&to=' + encodeURIComponent(hour.getAttribute('data-slot'))); }
		});
	});
})();
