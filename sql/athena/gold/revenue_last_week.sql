-- What did each of the last seven days bring, and how does it compare with its week?
select
    sold_on,
    max(day_orders) as orders,
    max(day_revenue) as revenue,
    max(day_revenue_7d_average) as average_of_seven_days
from sales_trends
where sold_on > current_date - interval '7' day
group by sold_on
order by sold_on desc
